from pathlib import Path

import numpy as np
import pytest

from cosa_mmseg.apis import find_pictures


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in (
        'a/x.jpg',
        'a/x.png',
        'a/x.jpg.png',
        'b/x.jpg',
        'b/sub/y.bmp',
        'b/clip.mp4',
        'b/notes.txt',
        'out/pred/z.png',
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)


def names(*args, **kwargs):
    return {p.source: p.name for p in find_pictures(*args, **kwargs)}


def test_names_are_below_what_the_inputs_share(tree):
    assert names('b/x.jpg') == {'b/x.jpg': 'x'}
    assert names(['a/x.png', 'b/x.jpg']) == {
        'a/x.png': 'a/x',
        'b/x.jpg': 'b/x',
    }
    assert names('b') == {'b/x.jpg': 'x', 'b/sub/y.bmp': 'sub/y'}
    assert names('*/x.png') == {'a/x.png': 'a/x'}


def test_no_two_pictures_share_a_name(tree):
    assert names('a') == {
        'a/x.jpg': 'x.jpg',
        'a/x.png': 'x.png',
        'a/x.jpg.png': 'x.jpg.png',
    }


@pytest.mark.parametrize(
    ('files', 'expected'),
    [
        (['v/000000.png', 'v.mp4'], ['v/000000', 'v.mp4']),
        (['A.jpg', 'a.jpg', 'b.jpg'], ['A.jpg', 'a.jpg_2', 'b']),
        (['x.png', 'x.tif', 'x.tif.png'], ['x.png', 'x.tif', 'x.tif.png']),
        (['A/1.jpg', 'a/1.png'], ['A/1.jpg', 'a/1.png']),
        (['v.mp4', 'V.avi'], ['v.mp4', 'V.avi']),
        (['a\u0308.jpg', '\u00e4.jpg'], ['a\u0308.jpg', '\u00e4.jpg_2']),
        (
            ['v.mp4', 'v/1.png', 'v.mp4/1.png'],
            ['v.mp4_2', 'v/1', 'v.mp4/1'],
        ),
    ],
)
def test_no_output_replaces_another(files, expected):
    """Frames of a video are in a folder; case and umlauts may not count."""
    assert list(names([f'/in/{file}' for file in files]).values()) == expected


def test_a_picture_that_is_named_twice_is_one(tree):
    assert names(['a/x.png', './a/x.png', 'a/x.*g']) == {
        'a/x.png': 'x.png',
        'a/x.jpg': 'x.jpg',
        'a/x.jpg.png': 'x.jpg.png',
    }


def test_videos_are_found_by_name_and_pattern(tree):
    assert names('b/*') == {'b/x.jpg': 'x', 'b/clip.mp4': 'clip'}
    assert [p.is_video for p in find_pictures('b/*')] == [True, False]


def test_outputs_are_no_inputs(tree):
    assert './out/pred/z.png' in names('.')
    assert not any('out' in path for path in names('.', out_dir='out'))
    with pytest.raises(FileNotFoundError, match="'out' has no picture .*out"):
        find_pictures('out', out_dir='out')


def test_a_link_to_itself_is_an_input_that_fails_by_name(tree):
    Path('a/loop.jpg').symlink_to('loop.jpg')
    assert './a/loop.jpg' in names('.', out_dir='out')


def test_what_has_no_picture_is_named(tree):
    with pytest.raises(FileNotFoundError, match=r"'b/\*\.gif' has no picture"):
        find_pictures('b/*.gif')
    with pytest.raises(FileNotFoundError, match='the inputs are empty'):
        find_pictures([])
    Path('empty').mkdir()
    with pytest.raises(FileNotFoundError, match="no image .*below 'empty'"):
        find_pictures('empty')


def test_arrays_are_numbered_and_checked():
    image = np.zeros((4, 6, 3), np.uint8)
    assert [p.name for p in find_pictures([image, image])] == [
        '00000000',
        '00000001',
    ]
    with pytest.raises(ValueError, match=r'input 1 .* \(4, 6\) uint8'):
        find_pictures([image, image[..., 0]])
    with pytest.raises(ValueError, match='cannot be mixed'):
        find_pictures([image, 'a.jpg'])


def test_what_is_missing_is_kept_to_be_named(tree):
    """Also a folder that is not there, with a slash behind its name."""
    assert names(['gone/', 'b/x.jpg', 'gone.jpg']) == {
        'gone/': 'gone',
        'b/x.jpg': 'b/x',
        'gone.jpg': 'gone.jpg',
    }
