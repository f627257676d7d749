import errno
import fcntl
import os
import signal

import pytest

from cosa_mmseg.utils.lock import LOCK, locked
from tests.locks import held_elsewhere


@pytest.fixture
def other(tmp_path):
    """A process that writes to the folder."""
    with held_elsewhere(tmp_path) as process:
        yield process


def test_the_second_is_told_who_is_first(tmp_path, other):
    before = (tmp_path / LOCK).read_text()
    owner = f'process {other.pid} on {os.uname().nodename}'
    sentence = f'{tmp_path} is in use by {owner}: wait for'
    for _ in range(2):
        with pytest.raises(OSError, match=sentence), locked(tmp_path):
            pass
    assert (tmp_path / LOCK).read_text() == before


def test_a_kill_releases_it(tmp_path, other):
    os.kill(other.pid, signal.SIGKILL)
    os.waitpid(other.pid, 0)  # not `join`, which waits for its worker too
    for _ in range(2):
        with locked(tmp_path):
            assert f'process {os.getpid()} ' in (tmp_path / LOCK).read_text()


def test_a_file_system_without_locks_is_a_warning(
    tmp_path, monkeypatch, capsys
):
    def fail(*args):
        raise OSError(errno.ENOLCK, 'No locks available')

    monkeypatch.setattr(fcntl, 'lockf', fail)
    with locked(tmp_path / 'new'):
        pass
    (warning,) = capsys.readouterr().out.splitlines()
    assert 'cannot be locked (No locks available): see to it' in warning


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / 'mine').write_text('text')
    (tmp_path / LOCK).symlink_to('mine')
    with pytest.raises(OSError, match=LOCK), locked(tmp_path):
        pass
    assert (tmp_path / 'mine').read_text() == 'text'
