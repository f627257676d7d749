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


def test_what_a_kill_left_is_removed(tmp_path):
    (tmp_path / '.hidden').touch()
    with atomic_file(tmp_path / 'iter_2.pth') as unfinished:
        unfinished.write_text('half')
        assert remove_unfinished(tmp_path) == [unfinished]
        unfinished.touch()
    sync_folder(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {'.hidden', 'iter_2.pth'}
