"""What is on the disk after a kill and after a failure to write."""

import errno
import multiprocessing
import os
import random
import resource
import signal
import time
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.hooks import Hook

from cosa_mmseg.engine.checkpoints import (
    CheckpointError,
    check_checkpoint,
    find_good_checkpoint,
)
from cosa_mmseg.utils.exits import exit_codes
from tests.engine.small_runs import small_runner

KILLS, WHILE_WRITING = 20, {4: 'write_bytes', 12: 'replace'}
FORK = multiprocessing.get_context('fork')


def names(folder):
    """Files of a work dir, without the config that mmengine writes there."""
    files = (path for path in folder.iterdir() if path.is_file())
    return sorted(path.name for path in files if path.suffix != '.py')


class Report(Hook):
    """Tells another process what was saved."""

    priority = 'LOWEST'

    def __init__(self, saved, progress):
        self.saved, self.progress = saved, progress

    def after_train_iter(self, runner, *args, **kwargs):
        self.saved.value = runner.iter + 1
        self.progress.set()


def train_on(folder, saved, progress, at):
    """Goes on from the last good checkpoint; dies in a call of `Path`."""
    if at is not None:
        original = getattr(Path, at)

        def die(path, argument):
            if path.suffix == '.pth' and at == 'write_bytes':
                original(path, argument[: len(argument) // 2])
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(Path, at, die)
    hooks = [dict(type='AssignmentEMAHook'), Report(saved, progress)]
    small_runner(folder, 10**6, 'auto', custom_hooks=hooks).train()


@pytest.mark.slow
def test_a_kill_leaves_the_last_good_checkpoint(tmp_path):
    rng = random.Random(0)
    saved, unfinished = FORK.Value('i', 0), 0
    for kill in range(KILLS):
        progress, at = FORK.Event(), WHILE_WRITING.get(kill)
        run = FORK.Process(
            target=train_on, args=(tmp_path, saved, progress, at)
        )
        run.start()
        if at is None:
            assert progress.wait(60)
            time.sleep(rng.uniform(0, 0.1))
            run.kill()
        run.join(60)
        assert run.exitcode == -signal.SIGKILL
        unfinished += any(n.startswith('.unfinished') for n in names(tmp_path))

        found = find_good_checkpoint(tmp_path)
        # a later one may be on the disk that was not yet reported
        iteration = torch.load(found, weights_only=False)['meta']['iter']
        assert iteration in (saved.value, saved.value + 1)
        kept = list(tmp_path.glob('iter_*.pth'))
        assert len(kept) <= 2  # max_keep_ckpts, and one to be removed
        for path in kept:
            check_checkpoint(path)
    assert saved.value >= KILLS - len(WHILE_WRITING)
    assert unfinished >= len(WHILE_WRITING)


def interrupt_while_saving(folder, owner, name):
    """Ctrl+C in a call of the third checkpoint, of iteration 3."""
    original, last = getattr(owner, name), folder / 'last_checkpoint'

    def interrupt(*args, **kwargs):
        if last.exists() and last.read_text().endswith('iter_2.pth'):
            os.kill(os.getpid(), signal.SIGINT)
        return original(*args, **kwargs)

    setattr(owner, name, interrupt)
    with exit_codes():
        small_runner(folder, 1000).train()


@pytest.mark.parametrize(
    ('owner', 'name'),
    [(torch, 'save'), (Path, 'write_bytes'), (Path, 'replace')],
)
def test_ctrl_c_while_saving_leaves_a_good_checkpoint(tmp_path, owner, name):
    args = (tmp_path, owner, name)
    run = FORK.Process(target=interrupt_while_saving, args=args)
    run.start()
    run.join(60)
    assert run.exitcode == 130
    assert find_good_checkpoint(tmp_path).name == 'iter_2.pth'
    assert names(tmp_path) == ['iter_2.pth', 'last_checkpoint']


def test_a_start_removes_unfinished_files(tmp_path):
    (tmp_path / '.unfinished-abc.pth').write_bytes(b'PK')
    small_runner(tmp_path, 1).train()
    assert names(tmp_path) == ['iter_1.pth', 'last_checkpoint']


class FullDisk(Hook):
    """Leaves files of 10 kB at most, in some iterations (from 0)."""

    def __init__(self, iterations):
        self.iterations = iterations

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        size = 10_000 if runner.iter in self.iterations else -1
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, -1))


@pytest.fixture
def full_disk():
    """A hook that makes the disk full, and free again after the test."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield FullDisk
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_training_goes_on_with_a_full_disk(tmp_path, full_disk):
    checkpoint = dict(interval=2, max_keep_ckpts=2)
    runner = small_runner(
        tmp_path, 8, checkpoint=checkpoint, custom_hooks=[full_disk({3})]
    )
    runner.train()
    log = next(tmp_path.rglob('*.log')).read_text()
    assert f'{tmp_path}/iter_4.pth cannot be written: File too large' in log
    assert f'; {tmp_path}/iter_2.pth stays. Free space' in log
    assert log.count('cannot be written') == 1
    assert names(tmp_path) == ['iter_6.pth', 'iter_8.pth', 'last_checkpoint']
    assert (tmp_path / 'last_checkpoint').read_text().endswith('iter_8.pth')


def test_the_last_checkpoint_of_a_training_must_be_saved(tmp_path, full_disk):
    runner = small_runner(tmp_path, 2, custom_hooks=[full_disk({1})])
    with pytest.raises(CheckpointError, match=r'is over, .*iter_2\.pth cann'):
        runner.train()
    assert names(tmp_path) == ['iter_1.pth', 'last_checkpoint']
    small_runner(tmp_path, 2, 'auto', custom_hooks=[full_disk({})]).train()
    assert names(tmp_path) == ['iter_2.pth', 'last_checkpoint']


def no_space(path, data):
    """What `Path.write_bytes` does on a full disk."""
    with open(path, 'wb') as file:
        file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_can_stop_the_training(tmp_path, monkeypatch):
    small_runner(tmp_path, 1).train()
    monkeypatch.setattr(Path, 'write_bytes', no_space)
    checkpoint = dict(on_save_error='stop')
    runner = small_runner(tmp_path, 9, 'auto', checkpoint=checkpoint)
    with pytest.raises(CheckpointError) as caught:
        runner.train()
    assert runner.iter == 1
    message = str(caught.value)
    assert 'iter_2.pth cannot be written: No space left on device' in message
    assert f' MB are free); {tmp_path}/iter_1.pth stays. Fr' in message
    assert names(tmp_path) == ['iter_1.pth', 'last_checkpoint']
    check_checkpoint(tmp_path / 'iter_1.pth')


def _train_with_a_full_disk(rank, folder, on_save_error):
    """One of two processes, of which the first cannot write checkpoints."""
    torch.set_num_threads(1)
    os.environ['LOCAL_RANK'] = str(rank)
    dist.init_process_group(
        'gloo', f'file://{folder}/init', rank=rank, world_size=2
    )
    if rank == 0:
        Path.write_bytes = no_space
    runner = small_runner(
        folder / 'run',
        3,
        checkpoint=dict(on_save_error=on_save_error),
        launcher='pytorch',
        cfg=dict(
            model_wrapper_cfg=dict(device_ids=None, broadcast_buffers=False)
        ),
    )
    try:
        runner.train()
    except CheckpointError as err:
        (folder / f'{rank}.txt').write_text(f'{runner.iter}: {err}')
    dist.destroy_process_group()


@pytest.mark.ddp
@pytest.mark.parametrize(
    'on_save_error, iteration, name',
    [('stop', 0, 'iter_1.pth'), ('continue', 3, 'iter_3.pth')],
)
def test_all_processes_do_the_same(tmp_path, on_save_error, iteration, name):
    arguments = (tmp_path, on_save_error)
    mp.start_processes(
        _train_with_a_full_disk, arguments, nprocs=2, start_method='fork'
    )
    first, second = ((tmp_path / f'{n}.txt').read_text() for n in range(2))
    assert first == second
    assert first.startswith(f'{iteration}: ')
    assert f'run/{name} cannot be written: No space left on dev' in first


@pytest.mark.parametrize('save_best', ['mIoU', ['mIoU', 'cls_mAP']])
def test_the_best_stays_until_a_better_one_is_saved(
    tmp_path, monkeypatch, save_best
):
    runner = small_runner(tmp_path, 1, checkpoint=dict(save_best=save_best))
    runner.train()

    def validate(iteration, score):
        runner.train_loop._iter = iteration
        runner.call_hook(
            'after_val_epoch', metrics=dict(mIoU=score, cls_mAP=0)
        )
        return [n for n in names(tmp_path) if n.startswith('best_mIoU')]

    assert validate(1, 50) == ['best_mIoU_iter_1.pth']
    with monkeypatch.context() as patch:
        patch.setattr(Path, 'write_bytes', no_space)
        assert validate(2, 60) == ['best_mIoU_iter_1.pth']
    assert validate(3, 40) == ['best_mIoU_iter_1.pth']
    assert validate(4, 55) == ['best_mIoU_iter_4.pth']
    assert names(tmp_path)[-2:] == ['iter_4.pth', 'last_checkpoint']
    state = torch.load(tmp_path / 'iter_4.pth', weights_only=False)
    info = state['message_hub']['runtime_info']
    best = info.get('best_ckpt', info.get('best_ckpt_mIoU'))
    assert best == f'{tmp_path}/best_mIoU_iter_4.pth'


def test_a_resumed_run_removes_what_a_killed_one_could_not(
    tmp_path, monkeypatch
):
    small_runner(tmp_path, 1).train()
    with monkeypatch.context() as patch:  # killed before it removes iter_1
        patch.setattr(Path, 'unlink', lambda path, missing_ok=False: None)
        small_runner(tmp_path, 2, 'auto').train()
    assert {'iter_1.pth', 'iter_2.pth'} <= set(names(tmp_path))
    small_runner(tmp_path, 3, 'auto').train()
    assert names(tmp_path) == ['iter_3.pth', 'last_checkpoint']


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(on_save_error='ignore'), "'continue', 'stop', got 'ignore'"),
        (dict(out_dir='s3://bucket'), "out_dir='s3://bucket'"),
        (dict(backend_args=dict(backend='petrel')), "'backend': 'petrel'"),
    ],
)
def test_settings_that_can_not_be_met_are_refused(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        small_runner(tmp_path, 1, checkpoint=settings)
