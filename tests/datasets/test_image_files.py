"""Images below a folder."""

import os

import numpy as np
import pytest
from PIL import Image

from cosa_mmseg.datasets.image_files import find_images, list_images


@pytest.fixture
def folder(tmp_path):
    """A picture under many names, and other files."""
    img = Image.fromarray(np.zeros((4, 6, 3), np.uint8))
    names = ['a.JPG', 'b.jpe', 'c.jp2', 'd.tga', 'e.dib', 'f.pbm', 'g.avif']
    for name in names:
        img.convert('1' if name == 'f.pbm' else 'RGB').save(tmp_path / name)
    img.save(tmp_path / 'no_suffix', 'JPEG')
    img.save(tmp_path / 'scan.0001', 'PNG')  # no suffix of an image
    img.save(tmp_path / 'rare.qoi')
    for name in ('x.txt', 'y.xml', 'z.xml', 'data.h5', '.hidden.jpg', 'Make'):
        (tmp_path / name).write_text('no picture')
    (tmp_path / 'q.qoi').write_text('no picture')
    return tmp_path


def test_all_that_is_read_is_found_and_the_rest_counted(folder, capfd):
    assert list_images(str(folder)) == [
        *('a.JPG', 'b.jpe', 'c.jp2', 'd.tga', 'e.dib', 'f.pbm', 'g.avif'),
        *('no_suffix', 'rare.qoi', 'scan.0001'),
    ]
    log = ''.join(capfd.readouterr())
    assert 'passed over 6 files that are no images of a kind that is' in log
    assert '(.h5, .qoi, .txt, .xml, no suffix)' in log
    list_images(str(folder))
    assert 'passed over' not in ''.join(capfd.readouterr())


def test_what_stands_for_an_image_is_one(tmp_path):
    (tmp_path / 'link.jpg').symlink_to('../.git/annex/objects/1.jpg')
    (tmp_path / 'pulled.png.dvc').touch()
    (tmp_path / '.cloud.jpg.icloud').touch()
    os.mkfifo(tmp_path / 'pipe.jpg')
    (tmp_path / 'loop').symlink_to('.')
    assert list_images(str(tmp_path)) == [
        *('cloud.jpg', 'link.jpg', 'pulled.png'),
    ]


def test_a_folder_without_images_says_what_it_has(tmp_path):
    (tmp_path / 'a.txt').touch()
    words = r'no image below .*; it has 1 file that is no image .*\(.txt\)'
    with pytest.raises(FileNotFoundError, match=words):
        list_images(str(tmp_path))


def test_a_missing_image_says_what_may_be_meant(folder):
    words = "first is .*A.png. .did you mean 'a.JPG'"
    with pytest.raises(FileNotFoundError, match=words):
        find_images(['sub\\A.png'], str(folder))
