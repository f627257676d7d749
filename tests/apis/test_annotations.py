"""Masks for labelling tools, read back by what these tools do."""

import base64
import io
import json
import os
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from cosa_mmseg.apis.annotations import Annotation, AnnotationFiles
from cosa_mmseg.apis.mask_codes import label_studio_rle, polygons, run_lengths
from cosa_mmseg.apis.pictures import Picture
from cosa_mmseg.cli import main
from cosa_mmseg.datasets.label_files import read_labels
from tests.interop.models_out.samples import cnn_network, write_training

KINDS = ('coco', 'coco-polygons', 'cvat', 'labelme', 'label-studio')


@pytest.fixture(scope='module')
def out(tmp_path_factory):
    """What `cosa segment` writes of two pictures in folders."""
    folder = tmp_path_factory.mktemp('training')
    write_training(folder, cnn_network())
    pictures = folder / 'pictures'
    (pictures / 'sub').mkdir(parents=True)
    for name, source in (('a', 'a'), ('sub/ü b', 'b')):
        image = Image.open(folder / f'JPEGImages/{source}.jpg')
        image.save(pictures / f'{name}.png')
    model = [str(folder / 'tiny.json'), str(folder / 'iter_3.pth')]
    out = folder / 'out'
    save = ['--save', 'pred', *KINDS]
    main(['segment', *model, str(pictures), f'--out={out}', *save])
    return out


def label_map(out, name):
    return np.asarray(Image.open(out / f'pred/{name}.png'))


def overlap(first, second):
    return (first & second).sum() / (first | second).sum()


@pytest.mark.parametrize(
    ('file', 'least'), [('coco.json', 1), ('coco_polygons.json', 0.99)]
)
def test_coco(out, file, least):
    coco = COCO(out / file)
    names = {c['id']: c['name'] for c in coco.loadCats(coco.getCatIds())}
    assert {i['file_name'] for i in coco.imgs.values()} == {
        'a.png',
        'sub/ü b.png',
    }
    assert len(coco.anns) > 2
    for annotation in coco.anns.values():
        image = coco.imgs[annotation['image_id']]
        truth = label_map(out, image['file_name'][:-4])
        truth = truth == annotation['category_id']
        assert overlap(coco.annToMask(annotation), truth) >= least
        assert annotation['area'] == truth.sum()
        left, top, width, height = annotation['bbox']
        box = truth[top : top + height, left : left + width]
        assert box.sum() == truth.sum()
        assert box[0].any()
        assert box[:, -1].any()
        assert 0 <= annotation['score'] <= 1
        assert annotation['category_id'] in names


def test_cvat(out):
    root = ElementTree.parse(out / 'cvat.xml').getroot()
    labels = read_labels(str(out / 'cvat.xml'))
    for image in root.iter('image'):
        truth = label_map(out, image.get('name')[:-4])
        assert image.get('width') == str(truth.shape[1])
        found = np.zeros_like(truth)
        classes = []
        for mask in image.iter('mask'):
            box = (
                int(mask.get(k)) for k in ('left', 'top', 'width', 'height')
            )
            left, top, width, height = box
            counts = [int(n) for n in mask.get('rle').split(',')]
            flat = np.repeat(np.arange(len(counts)) % 2, counts).astype(bool)
            part = found[top : top + height, left : left + width]
            classes.append(mask.get('label'))
            id_ = truth[top : top + height, left : left + width][
                flat.reshape(height, width)
            ][0]
            part[flat.reshape(height, width)] = id_
        assert np.array_equal(found, truth)
        assert labels.names[image.get('name')] == classes


def test_labelme(out):
    for name in ('a', 'sub/ü b'):
        path = out / f'labelme/{name}.json'
        content = json.loads(path.read_text())
        image = Image.open(path.parent / content['imagePath'])
        truth = label_map(out, name)
        assert image.size[::-1] == truth.shape
        assert content['imageHeight'] == truth.shape[0]
        assert len(content['shapes']) == len(np.unique(truth)) - 1
        for shape in content['shapes']:
            (left, top), (right, bottom) = shape['points']
            data = base64.b64decode(shape['mask'])
            mask = np.asarray(Image.open(io.BytesIO(data)))
            crop = truth[top : bottom + 1, left : right + 1]
            assert mask.dtype == bool
            assert mask.shape == crop.shape
            (id_,) = np.unique(crop[mask])
            assert mask.sum() == (truth == id_).sum()


def decode(code):
    """Read Label Studio's run-length code, as its converter does."""
    bits = ''.join(f'{byte:08b}' for byte in code)
    place = 0

    def read(number):
        nonlocal place
        place += number
        return int(bits[place - number : place], 2)

    total, word = read(32), read(5) + 1
    sizes = [read(4) + 1 for _ in range(4)]
    values = []
    while len(values) < total:
        is_run = read(1)
        length = 1 + read(sizes[read(2)])
        if is_run:
            values += [read(word)] * length
        else:
            values += [read(word) for _ in range(length)]
    return np.array(values)


def test_label_studio(out):
    tasks = json.loads((out / 'label_studio.json').read_text())
    for task in tasks:
        truth = label_map(out, task['data']['image'][:-4])
        (prediction,) = task['predictions']
        found = np.zeros(truth.shape, int)
        for result in prediction['result']:
            size = result['original_height'], result['original_width']
            mask = decode(result['value']['rle']).reshape(*size, 4)[..., 3] > 0
            assert result['type'] == 'brushlabels'
            assert len(result['value']['brushlabels']) == 1
            found += mask
            assert len(np.unique(truth[mask])) == 1
        assert np.array_equal(found, truth > 0)


@pytest.mark.parametrize('seed', range(5))
def test_masks_of_any_shape(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((37, 23)) > (0.1, 0.3, 0.5, 0.7, 0.95)[seed]
    mask[0, 0] = seed % 2
    counts = run_lengths(mask.ravel())
    assert np.array_equal(
        np.repeat(np.arange(len(counts)) % 2, counts), mask.ravel()
    )
    decoded = decode(label_studio_rle(mask)).reshape(37, 23, 4)
    assert np.array_equal(decoded, np.repeat(255 * mask[..., None], 4, 2))


def test_a_long_run_is_split():
    mask = np.zeros((300, 300), bool)
    mask[:, 1:] = True
    code = label_studio_rle(mask)
    assert len(code) < 5000
    assert np.array_equal(decode(code)[::4], 255 * mask.ravel())


def test_polygons_follow_the_edges_of_pixels():
    mask = np.zeros((6, 7), bool)
    mask[1:5, 1:6] = True
    assert [len(part) for part in polygons(mask)] == [10]  # closed
    corners = np.reshape(polygons(mask)[0], (-1, 2))
    assert {tuple(c) for c in corners.tolist()} == {
        (1, 1),
        (6, 1),
        (6, 5),
        (1, 5),
    }
    mask[2:4, 2:4] = False  # a hole
    (part,) = polygons(mask)
    coco = COCO()
    coco.imgs = {1: dict(height=6, width=7)}
    found = coco.annToMask(dict(image_id=1, segmentation=[part]))
    assert np.array_equal(found.astype(bool), mask)


def test_box_and_crop_of_an_annotation():
    one = Annotation(np.array([[0, 1, 1], [0, 0, 1]], bool), 2, 'dog')
    assert one.box == (1, 0, 2, 2)
    assert one.crop.tolist() == [[True, True], [False, True]]


def test_what_is_no_class_gets_no_mask(tmp_path):
    files = AnnotationFiles(tmp_path, ['coco'])
    label = np.array([[0, 2, 255], [0, 2, 255]], np.uint8)
    classes = ('background', 'cat', 'dog')
    files.add(Picture('p/a.jpg', 'a', 'a'), label, classes, dict(dog=0.5))
    files.close()
    found = json.loads((tmp_path / 'coco.json').read_text())
    assert [i['file_name'] for i in found['images']] == ['a.jpg']
    (one,) = found['annotations']
    assert (one['category_id'], one['area'], one['score']) == (2, 2, 0.5)


@pytest.mark.parametrize(
    ('source', 'name'),
    [
        ('p/x.jpg.jpg', 'x.jpg'),  # what a browser saves twice
        ('p/sub/a.JPG', 'sub/a.JPG_2'),  # beside an a.jpg
        ('p/sub/a.jpg', 'sub/A.JPG'),  # as a label file writes it
        ('p/sub/no suffix', 'sub/no suffix'),
    ],
)
def test_a_picture_is_called_as_its_file(tmp_path, source, name):
    files = AnnotationFiles(tmp_path, ['cvat', 'coco'])
    picture = Picture(source, name, source)
    files.add(picture, np.ones((2, 2), np.uint8), ('background', 'cat'))
    assert [i['file'] for i in files.pictures] == [source.removeprefix('p/')]


def test_a_tool_that_is_named_twice_gets_each_mask_once(tmp_path):
    files = AnnotationFiles(tmp_path, ['coco', 'cvat', 'coco'])
    label = np.ones((2, 2), np.uint8)
    files.add(Picture('a.jpg', 'a', 'a'), label, ('background', 'cat'))
    files.close()
    found = json.loads((tmp_path / 'coco.json').read_text())
    assert len(found['annotations']) == 1


def test_frames_that_no_tool_gets_are_told(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr('cosa_mmseg.apis.annotations.say_once', said.append)
    files = AnnotationFiles(tmp_path, ['coco', 'cvat'])
    frame = np.zeros((2, 2, 3), np.uint8)
    for name in 'ab':
        picture = Picture(frame, name, name)
        files.add(picture, np.ones((2, 2), np.uint8), ('background', 'cat'))
    files.close()
    assert not [*tmp_path.iterdir()]
    (text,) = said
    assert text.startswith('2 pictures are not in coco, cvat: ')


@pytest.mark.slow
@pytest.mark.skipif(
    'COSA_TOOLS' not in os.environ,
    reason='COSA_TOOLS names no Python that has the packages of read_back.py',
)
def test_the_tools_read_the_masks(out):
    script = Path(__file__).with_name('read_back.py')
    call = [os.environ['COSA_TOOLS'], script, out, out.parent / 'pictures']
    printed = subprocess.run(call, check=True, capture_output=True, text=True)
    found = json.loads(printed.stdout.splitlines()[-1])
    assert set(found) == set(KINDS)
    assert min(found.values()) == 1
