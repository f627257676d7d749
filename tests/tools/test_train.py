import os
from pathlib import Path

import pytest
import torch

from .load import load_tool

train = load_tool('train')


def build(*args):
    return train.build_config(train.parse_args(args))


def test_options_enter_the_config(toy_config):
    cfg = build(
        toy_config,
        '--launcher=slurm',
        '--local-rank=1',
        '--work-dir=here',
        '--cfg-options',
        'train_cfg.max_iters=7',
    )
    assert cfg.launcher == 'slurm'
    assert cfg.work_dir == 'here'
    assert cfg.train_cfg.max_iters == 7
    assert os.environ['LOCAL_RANK'] == '1'


def test_defaults(toy_config):
    cfg = build(toy_config)
    assert cfg.work_dir == os.path.join('work_dirs', 'toy')
    assert not cfg.resume
    assert cfg.load_from is None
    assert cfg.optim_wrapper.type == 'OptimWrapper'


def test_work_dir_of_the_config_is_kept(toy_config):
    cfg = build(toy_config, '--cfg-options', 'work_dir=mine')
    assert cfg.work_dir == 'mine'


def test_amp(toy_config):
    wrapper = build(toy_config, '--amp').optim_wrapper
    assert (wrapper.type, wrapper.loss_scale) == ('AmpOptimWrapper', 'dynamic')
    with pytest.raises(ValueError, match='config has ApexOptimWrapper'):
        train.enable_amp({'type': 'ApexOptimWrapper'})


def test_resume_names_a_checkpoint(toy_config):
    cfg = build(toy_config, '--resume', 'some.pth')
    assert cfg.resume
    assert cfg.load_from == 'some.pth'


def test_resume_alone_takes_the_latest(toy_config):
    folder = Path('work_dirs/toy')
    folder.mkdir(parents=True)
    weights = ('--cfg-options', 'load_from=pretrained.pth')
    cfg = build(toy_config, '--resume', *weights)
    assert not cfg.resume  # nothing to resume from yet
    assert cfg.load_from == 'pretrained.pth'
    (folder / 'last_checkpoint').write_text('iter_4.pth')
    cfg = build(toy_config, '--resume', *weights)
    assert cfg.resume
    assert cfg.load_from == 'iter_4.pth'


def test_resumed_equals_uninterrupted(toy_config, capsys):
    longer = ('--cfg-options', 'train_cfg.max_iters=6')
    train.main([toy_config, '--work-dir=whole', *longer])
    train.main([toy_config, '--work-dir=parts'])
    train.main([toy_config, '--work-dir=parts', '--resume', *longer])
    assert 'weights_only=False' not in capsys.readouterr().out

    os.environ.pop('TORCH_FORCE_WEIGHTS_ONLY_LOAD', None)
    whole, parts = (
        torch.load(f'{folder}/iter_6.pth', weights_only=False)
        for folder in ('whole', 'parts')
    )
    assert parts['meta']['iter'] == whole['meta']['iter'] == 6
    torch.testing.assert_close(
        parts['state_dict'], whole['state_dict'], rtol=0, atol=0
    )
