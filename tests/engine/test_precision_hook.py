"""The precision of a run: chosen once, by one process, and kept."""

import logging
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.config import Config
from mmengine.logging import MessageHub
from torch import nn

from cosa_mmseg.engine.hooks import PrecisionHook
from cosa_mmseg.engine.optim import (
    AutoPrecisionOptimWrapper,
    BFloat16OptimWrapper,
)
from cosa_mmseg.utils import precision

from .resuming import assert_equal, contents, resume, train, write_data
from .test_resume import lines_of

AUTO = dict(type='AutoPrecisionOptimWrapper')


@pytest.fixture
def takes(monkeypatch):
    """Set how long bfloat16 takes, in the time of float32."""
    return lambda ratio: monkeypatch.setattr(
        precision, 'time_ratio', lambda dtype='bfloat16': ratio
    )


@pytest.mark.parametrize(
    ('first', 'then', 'chosen'),
    [
        (0.3, 9, 'bfloat16'),
        pytest.param(9, 0.3, 'float32', marks=pytest.mark.slow),
    ],
)
def test_a_resumed_training_keeps_its_precision(
    takes, tmp_path, monkeypatch, first, then, chosen
):
    write_data(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Config, 'pretty_text', property(str))
    options = dict(train_cfg__max_iters=4, log_level='INFO')
    takes(first)
    whole = train('whole', **options)
    takes(then)
    rest = resume('rest', 'whole/iter_3.pth', **options)

    found = contents('rest/iter_4.pth')
    assert_equal(found, contents('whole/iter_4.pth'))
    assert found['message_hub/runtime_info/precision'] == chosen
    for runner in (whole, rest):
        assert runner.optim_wrapper.enabled == (chosen == 'bfloat16')
        assert runner.val_loop.fp16 == (chosen == 'bfloat16')
    (line,) = (x for x in lines_of('whole') if 'precision: ' in x)
    assert f'{chosen}, since bfloat16 takes {first} times as' in line
    (line,) = (x for x in lines_of('rest') if 'precision: ' in x)
    assert line.endswith(f'{chosen}, that of the training that is resumed')
    slow = [x for x in lines_of('rest') if 'but bfloat16 takes 9 times' in x]
    assert len(slow) == (chosen == 'bfloat16')


def fake_runner(wrapper=AUTO, dtype=None, rank=0, **loops):
    """A runner whose precision is asked for."""
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1)
    types = {t.__name__: t for t in (BFloat16OptimWrapper,)}
    wrapper_type = types.get(wrapper['type'], AutoPrecisionOptimWrapper)
    model = nn.Module()
    model.assigner = SimpleNamespace(dtype=dtype)
    return SimpleNamespace(
        cfg=Config(dict(optim_wrapper=wrapper, **loops)),
        optim_wrapper=wrapper_type(optimizer=optimizer),
        model=model,
        message_hub=MessageHub.get_instance(f'precision_{rank}_{id(model)}'),
        logger=logging.getLogger('precision'),
        **{
            f'{name[:-4]}_loop': SimpleNamespace(fp16=loop.get('fp16', False))
            for name, loop in loops.items()
        },
    )


@pytest.mark.parametrize(
    ('settings', 'setting'),
    [
        (dict(wrapper=dict(type='BFloat16OptimWrapper')), 'optim_wrapper'),
        (dict(dtype=torch.bfloat16), 'model.assigner.dtype'),
        (dict(dtype=torch.float16), 'model.assigner.dtype'),
        (dict(val_cfg=dict(fp16=True)), 'val_cfg.fp16=True'),
    ],
)
def test_what_the_config_sets_is_kept(takes, monkeypatch, settings, setting):
    said: list[str] = []
    monkeypatch.setattr(
        precision, 'print_log', lambda line, *_: said.append(line)
    )
    for ratio, count in ((0.3, 0), (9, 1)):
        takes(ratio)
        runner = fake_runner(**{'val_cfg': {}, **settings})
        hook = PrecisionHook()
        hook.before_train(runner)
        hook.before_val(runner)  # says nothing again
        assert [line.startswith(setting) for line in said] == [True] * count
        assert all('takes 9 times as long as float32' in x for x in said)
    wanted = settings.get('wrapper', AUTO)['type'] == 'BFloat16OptimWrapper'
    assert runner.optim_wrapper.enabled == wanted
    assert runner.val_loop.fp16 == ('val_cfg' in settings)


@pytest.mark.parametrize('ratio', [0.3, 9])
def test_a_test_alone_measures_for_itself(takes, ratio):
    takes(ratio)
    runner = fake_runner(test_cfg={})
    PrecisionHook().before_test(runner)
    assert runner.test_loop.fp16 == (ratio < 1)


@pytest.mark.parametrize('stored', ['fp8', 3, ['bfloat16']])
def test_a_checkpoint_that_names_no_precision(takes, stored):
    takes(0.3)
    runner = fake_runner(val_cfg={})
    runner.message_hub.update_info('precision', stored)
    PrecisionHook().before_train(runner)
    assert runner.message_hub.get_info('precision') == 'bfloat16'


def _choose_as_a_process(rank, address, expected):
    torch.set_num_threads(1)  # a forked process has no thread pool
    dist.init_process_group(
        'gloo', init_method=address, rank=rank, world_size=2
    )
    # the processes disagree
    precision.time_ratio = lambda dtype='bfloat16': (
        0.3 if (rank == 0) == (expected == 'bfloat16') else 9
    )
    runner = fake_runner(rank=rank, val_cfg={})
    PrecisionHook().before_train(runner)
    assert runner.optim_wrapper.enabled == (expected == 'bfloat16')
    assert runner.message_hub.get_info('precision') == expected
    dist.destroy_process_group()


@pytest.mark.ddp
@pytest.mark.parametrize('expected', ['bfloat16', 'float32'])
def test_the_first_process_decides_for_all(tmp_path, expected):
    mp.start_processes(
        _choose_as_a_process,
        args=(f'file://{tmp_path}/address', expected),
        nprocs=2,
        start_method='fork',
    )
