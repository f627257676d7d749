"""What tools leave in the place of files."""

import re

import pytest

from cosa_mmseg.datasets.unfetched import (
    fetched_name,
    why_missing,
    why_pointer,
)


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('sub/a.jpg.dvc', 'sub/a.jpg'),
        ('sub/.a.jpg.icloud', 'sub/a.jpg'),
        ('a.jpg.nextcloud', 'a.jpg'),
        ('a.jpg', 'a.jpg'),
        ('a.icloud', 'a.icloud'),
    ],
)
def test_names_of_what_was_not_fetched(name, expected):
    assert fetched_name(name) == expected


@pytest.mark.parametrize(
    ('target', 'words'),
    [
        ('../.git/annex/objects/1/2/S--a.jpg', 'broken link .*git annex get'),
        ('../.dvc/cache/files/md5/1', 'broken link .*dvc pull'),
        ('/nowhere/a.jpg', 'is a broken link to /nowhere/a.jpg$'),
    ],
)
def test_broken_links_are_told_by_their_target(tmp_path, target, words):
    (tmp_path / 'a.jpg').symlink_to(target)
    assert re.search(words, why_missing(str(tmp_path / 'a.jpg'), 'look'))


def test_what_is_no_regular_file(tmp_path):
    assert 'is no regular file, but a fo' in why_missing(str(tmp_path), 'look')


@pytest.mark.parametrize(
    ('left', 'words'),
    [
        ('a.jpg.dvc', 'only its pointer of DVC is there: run `dvc pull`'),
        ('.a.jpg.icloud', 'have iCloud download it'),
        ('A.JPG', "does not exist (did you mean 'A.JPG'?): look"),
        ('zebra.png', 'does not exist: look'),
    ],
)
def test_what_is_beside_a_missing_file(tmp_path, left, words):
    (tmp_path / left).touch()
    assert words in why_missing(str(tmp_path / 'a.jpg'), 'look')


def test_pointers_are_told_by_their_content():
    lfs = b'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n'
    assert 'git lfs pull' in str(why_pointer(lfs))
    assert 'git annex get' in str(why_pointer(b'/annex/objects/SHA256E-s1'))
    assert why_pointer(b'\xff\xd8\xff') is None
