import os
import subprocess
import sys

import pytest

from cosa_mmseg.utils.atomic import (
    atomic_file,
    atomic_folder,
    remove_unfinished,
    sync_folder,
)


def test_a_file_replaces_the_older_one_when_it_is_whole(tmp_path):
    path = tmp_path / 'new' / 'labels.json'
    for text in ('old', 'new'):
        with atomic_file(path) as unfinished:
            unfinished.write_text(text)
            assert unfinished.suffix == '.json'
    assert path.read_text() == 'new'
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_fails_leaves_the_older_one(tmp_path):
    path = tmp_path / 'labels.json'
    path.write_text('old')
    with pytest.raises(KeyError), atomic_file(path) as unfinished:
        unfinished.write_text('ne')
        raise KeyError
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_appears_when_it_is_whole(tmp_path):
    path = tmp_path / 'set'
    with pytest.raises(KeyError), atomic_folder(path) as unfinished:
        (unfinished / 'a').write_text('a')
        raise KeyError
    assert not list(tmp_path.iterdir())
    with atomic_folder(path) as unfinished:
        (unfinished / 'a').write_text('a')
        assert not path.exists()
    assert [p.name for p in path.iterdir()] == ['a']
    with pytest.raises(FileExistsError, match='set exists'):
        atomic_folder(path).__enter__()


@pytest.mark.parametrize('mask', [0o002, 0o022, 0o077])
def test_permissions_are_those_of_open(tmp_path, mask):
    before = os.umask(mask)
    try:
        (tmp_path / 'plain').touch()
        (tmp_path / 'plain_folder').mkdir()
        for _ in range(2):  # new, and over that
            with atomic_file(tmp_path / 'file') as unfinished:
                unfinished.unlink()  # as safetensors does
                unfinished.touch(0o600)
        with atomic_folder(tmp_path / 'folder'):
            pass
    finally:
        os.umask(before)
    for name in ('file', 'folder'):
        plain = tmp_path / {'file': 'plain'}.get(name, 'plain_folder')
        assert (tmp_path / name).stat().st_mode == plain.stat().st_mode


def test_a_file_keeps_its_permissions(tmp_path):
    path = tmp_path / 'labels.json'
    path.touch()
    path.chmod(0o664)
    with atomic_file(path) as unfinished:
        unfinished.write_text('a')
    assert path.stat().st_mode & 0o777 == 0o664


KILLED = """
import os, signal, sys, types
sys.modules['cosa_mmseg.parts'] = types.ModuleType('parts')  # takes seconds
from cosa_mmseg.utils.atomic import atomic_file, atomic_folder
with atomic_folder('set') as folder, atomic_file('iter_2.pth') as file:
    file.write_text('half')
    (folder / 'half').touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_kill_left_is_removed_by_the_next_file(tmp_path):
    subprocess.run([sys.executable, '-c', KILLED], cwd=tmp_path, check=False)
    assert len([*tmp_path.iterdir()]) == 2
    (tmp_path / '.hidden').touch()
    os.mkfifo(tmp_path / '.unfinished-pipe')
    with atomic_file(tmp_path / 'iter_2.pth') as unfinished:
        assert {*tmp_path.iterdir()} == {tmp_path / '.hidden', unfinished}
        unfinished.write_text('whole')
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {'.hidden', 'iter_2.pth'}


def test_what_is_being_written_is_not_removed(tmp_path):
    (tmp_path / '.unfinished-abc').touch()
    with (
        atomic_folder(tmp_path / 'set') as folder,
        atomic_file(tmp_path / 'iter_2.pth') as file,
    ):
        assert {*tmp_path.iterdir()} == {folder, file}
        file.write_text('whole')
        (tmp_path / '.unfinished-abc').touch()
        removed = remove_unfinished(tmp_path)
        assert [path.name for path in removed] == ['.unfinished-abc']
    sync_folder(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {'set', 'iter_2.pth'}
