import os
import shutil

import pytest
import torch
from mmengine.config import Config

from cosa_mmseg.engine.checkpoints import (
    CheckpointError,
    check_checkpoint,
    find_good_checkpoint,
    set_resumed_checkpoint,
)


def write(path, time, **changes):
    """A checkpoint of a run, saved at a time (s)."""
    content = dict(
        meta=dict(iter=1, epoch=0),
        state_dict=dict(x=torch.arange(1000.0)),
        message_hub=dict(log_scalars={}, runtime_info={}, resumed_keys={}),
        optimizer={},
    )
    torch.save(content | changes, path)
    os.utime(path, (time, time))
    return path


@pytest.fixture
def run(tmp_path):
    """A work dir with checkpoints of the iterations 2, 4 and 6."""
    for iteration in (2, 4, 6):
        write(tmp_path / f'iter_{iteration}.pth', time=iteration)
    write(tmp_path / 'best_mIoU_iter_6.pth', time=7, optimizer=None)
    name_last(tmp_path, 'iter_6.pth')
    return tmp_path


def name_last(folder, name):
    (folder / 'last_checkpoint').write_text(f'/moved/{name}')


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[data.index(torch.tensor([999.0]).numpy().tobytes())] ^= 1
    path.write_bytes(data)


def empty(path):
    path.write_bytes(b'')


def replace_by_a_folder(path):
    path.unlink()
    path.mkdir()


def link_to_itself(path):
    path.unlink()
    path.symlink_to(path.name)


def diverge(path):
    content = torch.load(path)
    content['optimizer'] = {'state': {0: {'exp_avg': torch.tensor(torch.inf)}}}
    torch.save(content, path)
    os.utime(path, (6, 6))


@pytest.mark.parametrize('damage', [truncate, flip_a_bit, empty, diverge])
def test_a_damaged_checkpoint_is_skipped(run, damage, capfd):
    assert find_good_checkpoint(run) == run / 'iter_6.pth'
    damage(run / 'iter_6.pth')
    assert find_good_checkpoint(run) == run / 'iter_4.pth'
    assert f'WARNING - skipped: {run}/iter_6.pth ' in capfd.readouterr().out


@pytest.mark.parametrize('damage', [replace_by_a_folder, link_to_itself])
def test_what_is_no_file_is_passed_over(run, damage):
    damage(run / 'iter_6.pth')
    assert find_good_checkpoint(run) == run / 'iter_4.pth'


@pytest.mark.parametrize(
    'last',
    [
        b'',
        b'iter_8.pth',
        b'\xff\xfe\0',
        b'a' * 300,
        b'iter_2.pth\niter_4.pth',
        b'a\0b',
        b'..',
        b'{elsewhere}',
        replace_by_a_folder,
        link_to_itself,
    ],
    ids=lambda last: getattr(last, '__name__', repr(last)),
)
def test_without_its_name_the_newest_is_taken(
    run, last, capfd, tmp_path_factory
):
    path = run / 'last_checkpoint'
    if callable(last):
        last(path)
    else:  # a file of another run is none of this one
        other = write(tmp_path_factory.mktemp('other') / 'iter_9.pth', time=9)
        path.write_bytes(last.replace(b'{elsewhere}', str(other).encode()))
    truncate(run / 'iter_6.pth')
    assert find_good_checkpoint(run) == run / 'iter_4.pth'
    assert (
        f'{path} names no checkpoint of this run that is there: going on from '
        f'{run}/iter_4.pth'
    ) in capfd.readouterr().out


@pytest.mark.parametrize('end', [b'\n', b'\r\n', b' '])
def test_the_end_of_its_line_does_not_count(run, end, capfd):
    (run / 'last_checkpoint').write_bytes(b'/moved/iter_6.pth' + end)
    assert find_good_checkpoint(run) == run / 'iter_6.pth'
    assert not capfd.readouterr().out


def test_one_saved_after_the_named_one_is_taken(run):
    name_last(run, 'iter_4.pth')
    assert find_good_checkpoint(run) == run / 'iter_6.pth'


def test_those_of_an_older_run_are_not_taken(run):
    write(run / 'iter_9000.pth', time=1)
    name_last(run, 'iter_6.pth')
    assert find_good_checkpoint(run) == run / 'iter_6.pth'


def test_the_order_of_copying_does_not_matter(run, tmp_path_factory):
    copy = tmp_path_factory.mktemp('copy')
    for time, name in enumerate(('iter_6.pth', 'iter_4.pth', 'iter_2.pth')):
        shutil.copy(run / name, copy)
        os.utime(copy / name, (100 + time, 100 + time))
    name_last(copy, 'iter_6.pth')
    assert find_good_checkpoint(copy) == copy / 'iter_6.pth'


def test_checkpoints_elsewhere_are_found(tmp_path):
    elsewhere = tmp_path / 'out' / 'run'
    elsewhere.mkdir(parents=True)
    write(elsewhere / 'iter_2.pth', time=2)
    truncate(write(elsewhere / 'iter_4.pth', time=4))
    last = tmp_path / 'last_checkpoint'
    last.write_text(str(elsewhere / 'iter_4.pth'))
    assert find_good_checkpoint(tmp_path) == elsewhere / 'iter_2.pth'
    run = tmp_path / 'run'  # as `out_dir` of the hook has it
    run.mkdir()
    write(run / 'iter_1.pth', time=1)
    (run / 'last_checkpoint').write_text(str(elsewhere / 'iter_2.pth'))
    assert find_good_checkpoint(run) == elsewhere / 'iter_2.pth'


def test_a_folder_without_a_good_one_says_so(run):
    for path in run.glob('iter_*.pth'):
        truncate(path)
    with pytest.raises(CheckpointError) as caught:
        find_good_checkpoint(run)
    assert f'{run} has no good checkpoint (3 tried, ' in str(caught.value)


def test_a_folder_without_any_is_started_anew(tmp_path, capsys):
    assert find_good_checkpoint(tmp_path / 'none') is None
    assert 'none has no checkpoint: training starts' in capsys.readouterr().out
    cfg = Config(dict(work_dir=str(tmp_path), resume=True))
    set_resumed_checkpoint(cfg, None)
    assert not cfg.resume


def test_what_a_config_resumes_is_checked(run):
    truncate(run / 'iter_6.pth')
    cfg = Config(dict(work_dir=str(run), resume=True, load_from=None))
    set_resumed_checkpoint(cfg, None)
    assert cfg.resume
    assert cfg.load_from == str(run / 'iter_4.pth')
    cfg.load_from = str(run / 'iter_6.pth')
    with pytest.raises(CheckpointError, match=r'iter_6\.pth is no checkpoint'):
        set_resumed_checkpoint(cfg, None)
    set_resumed_checkpoint(cfg, 'https://host/iter_6.pth')  # not read yet
    assert cfg.load_from == 'https://host/iter_6.pth'


def test_a_checkpoint_says_what_it_lacks(run):
    with pytest.raises(CheckpointError, match='no usable optimizer, so trai'):
        check_checkpoint(run / 'best_mIoU_iter_6.pth')
    torch.save(dict(x=torch.ones(1)), run / 'weights.pth')
    with pytest.raises(CheckpointError, match='no usable meta.epoch, meta.it'):
        check_checkpoint(run / 'weights.pth')
    write(run / 'text.pth', 1, meta=dict(epoch=0, iter='1'))
    with pytest.raises(CheckpointError, match=r'no usable meta\.iter, so'):
        check_checkpoint(run / 'text.pth')
    torch.save([1], run / 'list.pth')
    with pytest.raises(CheckpointError, match=r'list\.pth '):
        check_checkpoint(run / 'list.pth')
    with pytest.raises(FileNotFoundError, match=r'no checkpoint .*none\.pth'):
        check_checkpoint(run / 'none.pth')
