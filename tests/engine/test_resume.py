"""A training that was cut off equals one that was not, bit for bit."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.config import Config

from cosa_mmseg.datasets import CheckedSegDataset
from cosa_mmseg.utils.weights import WeightsError
from tests.cli.calls import cosa
from tests.golden import ROOT

from .resuming import (
    assert_equal,
    contents,
    logged,
    resume,
    train,
    write_data,
)


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    write_data(tmp_path)
    monkeypatch.chdir(tmp_path)
    # seconds in each run: a checkpoint holds the config, formatted
    monkeypatch.setattr(Config, 'pretty_text', property(str))
    yield tmp_path
    torch.use_deterministic_algorithms(False)


def assert_resumes(*iterations, **options):
    """Train whole, then on from some iterations, and compare."""
    train('whole', **options)
    whole = contents('whole/iter_6.pth')
    for done in iterations:
        torch.manual_seed(done)  # the process may have drawn what it likes
        resume(f'from_{done}', f'whole/iter_{done}.pth', **options)
        assert_equal(contents(f'from_{done}/iter_6.pth'), whole)
        # the evaluation at the iteration of the checkpoint is repeated
        rows = [row for row in logged('whole') if row['step'] >= done]
        trained = [r for r in rows if r['step'] > done or 'mIoU' in r]
        assert logged(f'from_{done}') == trained
    return whole


def test_resumed_equals_uninterrupted():
    whole = assert_resumes(3, 4)
    parts = {place.split('/')[0] for place in whole}
    assert parts == {
        *('iter', 'seed', 'state_dict', 'optimizer'),
        *('param_schedulers', 'message_hub'),
    }
    threshold = 'state_dict/assigner.cam_labeler.threshold'
    assert whole[f'{threshold}.queue'].any(dim=1).all()
    assert whole[f'{threshold}.pointer'] == 12 % 5
    assert len(whole['message_hub/log_scalars/train/loss_c2s/0']) == 4
    assert len(whole['message_hub/log_scalars/val/mIoU/0']) == 2
    assert len(logged('whole')) == 3 + 3


@pytest.mark.slow
@pytest.mark.parametrize('persistent', [False, True])
def test_with_workers_and_accumulation(persistent):
    loader = dict(num_workers=2, persistent_workers=persistent)
    options = {f'train_dataloader__{k}': v for k, v in loader.items()}
    options['default_hooks__pictures'] = dict(
        _delete_=True, type='CoSAVisualizationHook', images=4, interval=2
    )
    assert_resumes(3, train_cfg__total_batch_size=4, **options)
    # workers, and evaluations in between, change nothing
    train('alone', train_cfg__total_batch_size=4, train_cfg__val_interval=9)
    alone = contents('alone/iter_6.pth')
    found = contents('whole/iter_6.pth')
    assert_equal(
        {p: v for p, v in found.items() if '/val/' not in p},
        {p: v for p, v in alone.items() if '/val/' not in p},
    )


def test_skipped_samples_are_not_read(monkeypatch):
    read = []
    prepare = CheckedSegDataset.prepare_data

    def note(self, idx):
        if not self.test_mode:
            read.append(idx)
        return prepare(self, idx)

    monkeypatch.setattr(CheckedSegDataset, 'prepare_data', note)
    train('whole', train_cfg__total_batch_size=4)
    whole, read[:] = list(read), []
    resume('rest', 'whole/iter_4.pth', train_cfg__total_batch_size=4)
    assert read == whole[4 * 4 :]
    assert len(read) == 2 * 4


@pytest.mark.slow
def test_a_seed_that_the_config_lacks_is_resumed():
    train('whole', randomness=dict(seed=None))
    resume('rest', 'whole/iter_3.pth', randomness=dict(seed=None))
    assert_equal(contents('rest/iter_6.pth'), contents('whole/iter_6.pth'))


@pytest.fixture
def whole():
    """A training that is resumed with other settings."""
    train('whole', train_cfg__max_iters=3)
    return 'whole/iter_3.pth'


def test_rates_are_those_that_the_config_has_by_now(whole):
    settings = dict(
        train_cfg__max_iters=6,
        optim_wrapper__optimizer__lr=1e-3,
        default_hooks__logger__interval=1,
    )
    train('new', **settings)
    resume('rest', whole, **settings)
    rates = [row['lr'] for row in logged('new') if 'lr' in row]
    assert len(set(rates)) == 6
    assert [r['lr'] for r in logged('rest') if 'lr' in r] == rates[3:]


def lines_of(run):
    """The log of a run."""
    (path,) = Path(run).glob('*/*.log')
    return path.read_text().splitlines()


def test_settings_of_the_checkpoint_are_said(whole):
    decay = dict(optim_wrapper__optimizer__weight_decay=0.5)
    resume('rest', whole, train_cfg__max_iters=4, **decay)
    (line,) = (x for x in lines_of('rest') if 'WARNING - optim_wrapper' in x)
    assert line.endswith(
        'resumed with the settings of the checkpoint, weight_decay=0.01 (the '
        'config: 0.5)'
    )
    resume('same', whole, train_cfg__max_iters=4)
    assert not any('settings of the check' in x for x in lines_of('same'))


def test_the_state_of_another_optimiser_is_refused(whole):
    with pytest.raises(WeightsError) as caught:
        resume('rest', whole, model__network__frozen=['backbone.*'])
    assert re.match(
        r'whole/iter_3.pth does not fit the optimiser of .*resume.py: it '
        r'trained groups of \d+, \d+ parameters, and not of \d+: take',
        str(caught.value),
    )


def test_that_nothing_is_left_to_train_is_said(whole):
    resume('rest', whole, train_cfg__max_iters=2)
    assert any(
        line.endswith(
            'nothing is left to train: 3 iterations are done of '
            'train_cfg.max_iters=2'
        )
        for line in lines_of('rest')
    )


@pytest.mark.slow
@pytest.mark.parametrize('deterministic', [False, True])
def test_the_seed_decides(deterministic):
    for run, seed in enumerate((1, 1, 2)):
        torch.manual_seed(run)
        train(
            str(run),
            randomness=dict(seed=seed, deterministic=deterministic),
            train_cfg__max_iters=3,
        )
    assert torch.are_deterministic_algorithms_enabled() == deterministic
    found = [contents(f'{run}/iter_3.pth') for run in range(3)]
    assert_equal(found[0], found[1])
    bias = 'state_dict/online.backbone.conv1.weight'
    assert not torch.equal(found[0][bias], found[2][bias])


def _process(rank: int, folder: str, *args) -> None:
    """One of two processes that train together on a CPU."""
    os.environ['LOCAL_RANK'] = str(rank)
    torch.set_num_threads(1)
    dist.init_process_group(
        'gloo', f'file://{folder}/{args[0]}.init', rank=rank, world_size=2
    )
    options = dict(
        launcher='pytorch',
        model_wrapper_cfg=dict(device_ids=None, broadcast_buffers=False),
        train_cfg__total_batch_size=4,
        train_dataloader__batch_size=1,
    )
    run = train if len(args) == 1 else resume
    runner = run(*args, **options)
    torch.save(
        runner.model.module.state_dict(), f'{folder}/{args[0]}_{rank}.pt'
    )
    dist.destroy_process_group()


@pytest.mark.ddp
def test_two_processes(data):
    for args in (['whole'], ['rest', 'whole/iter_3.pth']):
        mp.start_processes(
            _process, (str(data), *args), nprocs=2, start_method='fork'
        )
    assert_equal(contents('rest/iter_6.pth'), contents('whole/iter_6.pth'))
    # what the first process saves is what each of them has
    states = [torch.load(f'whole_{rank}.pt') for rank in range(2)]
    assert_equal(states[1], states[0])


KILLER = """
import os, signal
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class Killer(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if batch_idx == 5:
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_killed_training_goes_on(data):
    (data / 'killer.py').write_text(KILLER)
    (data / 'killed.py').write_text(
        "_base_ = 'resume.py'\n"
        "custom_imports = dict(imports=['cosa_mmseg', 'killer'])\n"
        "custom_hooks = [*_base_.custom_hooks, dict(type='Killer')]\n"
        'default_hooks = dict(checkpoint=dict(interval=2))\n'
    )
    tool = str(ROOT / 'tools/train.py')
    paths = os.pathsep.join([str(data), str(ROOT)])
    environment = dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=paths)
    killed = subprocess.run(
        [sys.executable, tool, 'killed.py', '--work-dir=killed'],
        env=environment,
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert (data / 'killed/last_checkpoint').read_text().endswith('iter_4.pth')

    cosa('train', 'resume.py', '--work-dir=killed', '--resume')
    os.environ.pop('TORCH_FORCE_WEIGHTS_ONLY_LOAD', None)
    train('whole')
    assert_equal(contents('killed/iter_6.pth'), contents('whole/iter_6.pth'))
