"""Data that cannot be trained with: one sentence that names the file."""

import re
import shutil
from pathlib import Path

import pytest
from mmengine.config import Config
from mmseg.visualization import SegLocalVisualizer
from PIL import Image

from tests.datasets.wild_images import bomb

from .calls import cosa
from .test_custom_data import TINY, write_pictures

LABELS = (
    'image,labels\n7.jpg,red fox\na picture.png,red fox;Bär\n'
    'more/ü.JPG,Bär\nmore/last.bmp,Wolf\n'
)
WITH_LIST = ('train_list=list.txt',)
WITH_MASKS = ('mask_path=masks', 'test_list=list.txt')


def labels(content, name='labels.csv'):
    """A label file, and the option that names it."""

    def spoil(root):
        path = root / name
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(data)
        return (f'label_file={name}',)

    return spoil


def listed(content):
    """An image list for training."""

    def spoil(root):
        (root / 'list.txt').write_bytes(content)
        return WITH_LIST

    return spoil


def image(content, name='7.jpg'):
    """An image with another content; None: removed."""

    def spoil(root):
        path = root / 'pictures' / name
        old = path.read_bytes()
        path.unlink()
        if content is not None:
            path.write_bytes(content(old) if callable(content) else content)
        return ()

    return spoil


def mask(content, size=(40, 32), mode='L'):
    """A mask: a value of all its pixels, its bytes, or None for none."""

    def spoil(root):
        (root / 'list.txt').write_text('7\n')
        path = root / 'masks' / '7.png'
        path.parent.mkdir()
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            Image.new(mode, size, content).save(path)
        return WITH_MASKS

    return spoil


def folder_in_place_of_an_image(root):
    (root / 'pictures/7.jpg').unlink()
    (root / 'pictures/7.jpg').mkdir()
    return ()


def two_images_of_one_name(root):
    shutil.copy(root / 'pictures/7.jpg', root / 'pictures/7.png')
    return labels(LABELS.replace('7.jpg', '7'))(root)


# found in the lists and labels, before anything is written
LISTS = {
    'no label file': (
        lambda root: ('label_file=no.csv',),
        'no label file my/no.csv; check `data_root`',
    ),
    'no root': (lambda root: ('data_root=no',), 'no label file no/labels.csv'),
    'label file of another kind': (
        labels('<a/>', 'labels.doc'),
        'my/labels.doc is no label file: .*.csv, .json',
    ),
    'empty label file': (labels(''), 'my/labels.csv must have the header'),
    'no rows': (labels('image,labels\n'), 'my/labels.csv is empty'),
    'no labels': (
        labels('image,labels\n7.jpg,\n'),
        'has the background alone: name the classes',
    ),
    'two labels': (
        labels(LABELS + '7.jpg,Wolf\n'),
        r"labels.csv line 6: image '7.jpg' has .*\['Wolf'\], .*\['red fox'\]",
    ),
    'latin-1': (
        labels(LABELS.encode('latin-1')),
        'labels.csv line 3: byte 0xe4 is not UTF-8; save',
    ),
    'utf-16 without its mark': (
        labels(LABELS.encode('utf-16-le')),
        'labels.csv line 3: byte 0xe4 is not UTF-8; save',
    ),
    'control character': (
        labels(LABELS.replace('Wolf', 'Wo\0lf')),
        'labels.csv line 5: a NUL character',
    ),
    'too many cells': (labels(LABELS + 'x,y,z\n'), 'line 6: .* 3 cells'),
    'open quote': (labels(LABELS + 'x,"y\n'), 'line 6: unexpected end'),
    'no flag': (labels('image,cat\n7.jpg,2\n'), "'cat' must be 0 or 1, .*'2'"),
    'unknown class': (
        lambda root: ('classes=["background","Bär"]',),
        "unknown class 'red fox' .*'7.jpg' in my/labels.csv line 2; .*: Bär",
    ),
    'no list': (
        labels('{"7.jpg": "red fox"}', 'a.json'),
        "my/a.json image '7.jpg': .* must be a list .*'red fox'",
    ),
    'cut json': (
        labels('{"7.jpg": ["red fox"', 'a.json'),
        'my/a.json is not JSON: .*char 20',
    ),
    'deep json': (labels('[' * 100_000, 'a.json'), 'a.json is not JSON'),
    'no tab': (labels('7.jpg red fox', 'a.txt'), 'my/a.txt line 1: no tab'),
    'broken line': (labels('{\n', 'a.jsonl'), 'a.jsonl line 1 is not JSON'),
    'label without image': (
        labels(LABELS + 'no.jpg,Wolf\n'),
        "1 of 5 images .*'my/pictures'; the first is 'no.jpg'",
    ),
    'missing image': (image(None), "1 of 4 images .* first is '7.jpg'"),
    'folder as image': (folder_in_place_of_an_image, "first is '7.jpg'"),
    'several images': (two_images_of_one_name, "'7.jpg' or '7.png': write"),
    'image twice': (
        labels(LABELS + '7,red fox\n'),
        "'7' and '7.jpg' of .* are both '7.jpg'|'7.jpg' and '7' of",
    ),
    'empty list': (listed(b''), 'the image list my/list.txt is empty'),
    'list in latin-1': (
        listed('ü\n'.encode('latin-1')),
        'my/list.txt line 1: byte 0xfc is not UTF-8',
    ),
    'list of unknown images': (listed(b'z\n'), "no image-level .*'z', looked"),
    'list with NUL': (
        listed(b'7\0.jpg\n'),
        'list.txt line 1: a NUL character',
    ),
    'no image list': (lambda root: WITH_LIST, "no image list 'my/list.txt'"),
    'no folder of images': (
        lambda root: ('img_path=no',),
        "no folder of images 'my/no'; check",
    ),
    'file as folder of images': (
        lambda root: ('img_path=labels.csv',),
        "no folder of images 'my/labels.csv'",
    ),
}
# found when an image is read
IMAGES = {
    'empty image': (image(b''), 'pictures/7.jpg is empty .0 bytes.: fetch'),
    'cut header': (image(lambda old: old[:300]), '7.jpg is damaged'),
    'cut image': (image(lambda old: old[:-40]), '7.jpg is damaged .*trunc'),
    'cut png': (
        image(lambda old: old[:1000], 'a picture.png'),
        'a picture.png is damaged .*trunc',
    ),
    'text as image': (image(b'hello'), "7.jpg is .* no image .*b'hello'"),
    'page as image': (image(b'<!DOCTYPE html>'), '7.jpg is .*DOCTYPE'),
    'bomb': (
        image(bomb(), 'a picture.png'),
        'too large: .*3600000000 pixels.* 178956970 pixels.*MAX_IMAGE_PIXELS',
    ),
    'bomb of another kind': (image(bomb()), '7.jpg is too large: '),
    'missing mask': (mask(None), 'my/masks/7.png does not exist: check'),
    'empty mask': (mask(b''), 'my/masks/7.png is empty'),
    'cut mask': (mask(bomb()[:40]), 'my/masks/7.png is damaged'),
    'bomb as mask': (mask(bomb()), 'my/masks/7.png is too large: '),
    'mask of other classes': (
        mask(9),
        r'my/masks/7.png holds the ids \[9\], but the 4 classes .* 0 to 3',
    ),
    'mask of another size': (mask(1, (32, 40)), r'has the shape \(40, 32\)'),
    'coloured mask': (mask((1, 2, 3), mode='RGB'), r'shape \(32, 40, 3\)'),
}


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """The tiny config as one file without bases, which is read sooner."""
    folder = tmp_path_factory.mktemp('bad_data')
    (folder / 'tiny.py').write_text(TINY)
    Config.fromfile(folder / 'tiny.py').dump(folder / 'tiny.json')
    return str(folder / 'tiny.json')


@pytest.fixture
def refusal(tmp_path, monkeypatch, config):
    """A function from a spoiled folder to the sentence that refuses it."""
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path, 'my/pictures')
    (tmp_path / 'my/labels.csv').write_text(LABELS, encoding='utf-8')

    def refusal(spoil, command='train'):
        options = spoil(tmp_path / 'my')
        data = ('data_root=my', 'label_file=labels.csv', 'img_path=pictures')
        SegLocalVisualizer._instance_dict.clear()
        with pytest.raises(SystemExit) as caught:
            cosa(command, config, '--cfg-options', *data, *options)
        sentence = caught.value.code  # on stderr; the exit code is 1
        assert sentence.startswith('error: ')
        assert '\n' not in sentence
        return sentence

    return refusal


@pytest.mark.parametrize('name', LISTS)
def test_bad_lists_are_refused_before_a_training(refusal, name):
    spoil, words = LISTS[name]
    assert re.search(words, refusal(spoil))
    assert not Path('work_dirs').exists()


@pytest.mark.parametrize('name', IMAGES)
def test_bad_images_are_found_by_a_check(refusal, capfd, name):
    spoil, words = IMAGES[name]
    assert 'error: 1 of the images are bad' in refusal(spoil, 'check-data')
    assert re.search(words, capfd.readouterr().out)


# the mask is read by the evaluation that follows the training
@pytest.mark.parametrize(
    'name', ['cut image', 'bomb', 'mask of other classes']
)
def test_bad_images_stop_a_training(refusal, name):
    spoil, words = IMAGES[name]
    assert re.search(words, refusal(spoil))
    left = {path.suffix for path in Path('work_dirs').rglob('*.*')}
    assert left <= {
        '.json',
        '.lock',
        '.log',
        '.py',
        '.pth',
    }  # and nothing unfinished
