import logging
import os
from pathlib import Path

import pytest
import torch

from cosa_mmseg.cli import training
from cosa_mmseg.datasets import BadFileError
from tests.datasets.voc_tree import write_voc
from tests.locks import held_elsewhere

from .calls import cosa, parse


def build(*args):
    return training.build_config(parse('train', *args))


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


def test_amp(toy_config, monkeypatch):
    monkeypatch.setattr(training, 'get_device', lambda: 'cuda')
    wrapper = build(toy_config, '--amp').optim_wrapper
    assert (wrapper.type, wrapper.loss_scale) == ('AmpOptimWrapper', 'dynamic')
    with pytest.raises(ValueError, match='config has ApexOptimWrapper'):
        training.enable_amp({'type': 'ApexOptimWrapper'})


def write_checkpoint(path):
    """What a run can go on from, without its weights."""
    hub = dict(log_scalars={}, runtime_info={}, resumed_keys={})
    content = dict(meta=dict(iter=1, epoch=0), message_hub=hub)
    torch.save(content | dict(state_dict={}, optimizer={}), path)


def test_resume_names_a_checkpoint(toy_config):
    write_checkpoint('some.pth')
    cfg = build(toy_config, '--resume', 'some.pth')
    assert cfg.resume
    assert cfg.load_from == 'some.pth'


def test_a_bad_checkpoint_ends_in_a_sentence(toy_config):
    Path('some.pth').write_bytes(b'PK' * 100)
    with pytest.raises(SystemExit, match='error: some.pth is no checkpoint'):
        cosa('train', toy_config, '--resume', 'some.pth')
    with pytest.raises(SystemExit, match=r'there is no checkpoint other\.pth'):
        cosa('train', toy_config, '--resume', 'other.pth')


def test_a_full_disk_ends_in_a_sentence(toy_config, monkeypatch):
    def no_space(path, data):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(Path, 'write_bytes', no_space)
    stop = 'default_hooks.checkpoint.on_save_error=stop'
    with pytest.raises(
        SystemExit, match=r'error: .*pth cannot be written: No'
    ):
        cosa('train', toy_config, '--cfg-options', stop)


def test_resume_alone_takes_the_latest(toy_config):
    folder = Path('work_dirs/toy')
    folder.mkdir(parents=True)
    weights = ('--cfg-options', 'load_from=pretrained.pth')
    cfg = build(toy_config, '--resume', *weights)
    assert not cfg.resume  # nothing to resume from yet
    assert cfg.load_from == 'pretrained.pth'
    write_checkpoint(folder / 'iter_4.pth')
    (folder / 'iter_6.pth').touch()  # not whole
    (folder / 'last_checkpoint').write_text('iter_6.pth')
    cfg = build(toy_config, '--resume', *weights)
    assert cfg.resume
    assert cfg.load_from == 'work_dirs/toy/iter_4.pth'


def test_resumed_equals_uninterrupted(toy_config, capsys):
    longer = ('--cfg-options', 'train_cfg.max_iters=6')
    cosa('train', toy_config, '--work-dir=whole', *longer)
    cosa('train', toy_config, '--work-dir=parts')
    cosa('train', toy_config, '--work-dir=parts', '--resume', *longer)
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


def test_wrong_options_end_in_a_sentence(toy_config):
    with pytest.raises(SystemExit) as caught:
        cosa('train', 'no_such_config.py')
    assert "error: no config 'no_such_config.py'" in str(caught.value)
    wrapper = ('--cfg-options', 'optim_wrapper.type=ApexOptimWrapper')
    with pytest.raises(SystemExit, match='config has ApexOptimWrapper'):
        cosa('train', toy_config, '--amp', *wrapper)


def test_amp_is_bfloat16_on_a_cpu(toy_config, monkeypatch):
    monkeypatch.setattr(training, 'get_device', lambda: 'cpu')
    wrapper = build(toy_config, '--amp').optim_wrapper
    assert wrapper.type == 'BFloat16OptimWrapper'
    assert 'loss_scale' not in wrapper


def test_one_training_at_a_time(toy_config):
    cosa('train', toy_config, '--work-dir=OUT')
    with held_elsewhere(Path('OUT')) as process:
        before = sorted(Path('OUT').rglob('*'))
        said = f'error: OUT is in use by process {process.pid} on .*: wait'
        for resume in ([], ['--resume']):
            with pytest.raises(SystemExit, match=said):
                cosa('train', toy_config, '--work-dir=OUT', *resume)
        assert sorted(Path('OUT').rglob('*')) == before
        # as of a training that goes on
        cosa('test', toy_config, 'OUT/iter_4.pth', '--work-dir=OUT')
    cosa('train', toy_config, '--work-dir=OUT', '--resume')


@pytest.fixture
def trained(monkeypatch):
    """Whether the training started."""
    started = []
    monkeypatch.setattr(
        training.SafeRunner, 'from_cfg', lambda cfg: Started(started)
    )
    return started


class Started:
    """A runner that notes its start and stops at a bad file."""

    logger = logging.getLogger('started')

    def __init__(self, started):
        self.started = started

    def train(self):
        self.started.append(True)
        raise BadFileError(
            'Caught BadFileError in DataLoader worker process 0.\n'
            'Original Traceback\n...BadFileError: a.jpg is empty'
        )


def check_args(root, *extra):
    """A check of the VOC config's data sets in another folder."""
    loader = (
        f'dataset.data_root={root}',
        *('num_workers=0', 'persistent_workers=False'),
    )
    settings = [
        f'{split}_dataloader.{setting}'
        for split in ('train', 'val')
        for setting in loader
    ]
    backbone = 'model.network.backbone'
    settings += [f'{backbone}.arch=deit-tiny', f'{backbone}.init_cfg=None']
    config = 'cosa/cosa_vit-b_voc.py'
    return [config, '--check-data', '--cfg-options', *settings, *extra]


@pytest.fixture
def voc(tmp_path):
    names = {'a': ['cat'], 'b': ['dog']}
    write_voc(tmp_path, names, split='train_aug')
    return write_voc(tmp_path, {'v': ['cow']}, masks=True, split='val')


def test_checked_data_is_trained_with(toy_config, voc, trained, capfd, caplog):
    with pytest.raises(SystemExit) as caught:
        cosa('train', *check_args(voc, 'train_cfg.max_iters=2000'))
    assert trained
    *_, warning = caplog.messages
    assert 'warmup_iters=6000 is not below train_cfg.max_iters=2000' in warning
    assert str(caught.value) == 'error: a.jpg is empty'
    out = capfd.readouterr().out
    assert 'train: 0 of 2 images are bad' in out
    assert 'val: 0 of 1 images are bad' in out


def test_bad_data_stop_before_the_training(toy_config, voc, trained, capfd):
    (voc / 'JPEGImages' / 'b.jpg').write_bytes(b'')
    with pytest.raises(SystemExit, match='error: 1 of the images are bad'):
        cosa('train', *check_args(voc))
    assert not trained
    assert 'b.jpg is empty (0 bytes)' in capfd.readouterr().out
    assert not Path('work_dirs').exists()


def test_a_missing_label_stops_before_the_training(toy_config, voc, trained):
    (voc / 'Annotations' / 'b.xml').unlink()
    with pytest.raises(SystemExit, match='1 of the 2 training images'):
        cosa('train', *check_args(voc))
    assert not trained


def test_one_of_the_processes_checks(monkeypatch):
    for launcher, variable in training.RANK_VARIABLES.items():
        for rank, first in [('0', True), ('1', False)]:
            monkeypatch.setenv(variable, rank)
            assert training.is_first_process(launcher) is first
    assert training.is_first_process('none')
