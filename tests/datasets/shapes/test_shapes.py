"""The shapes set: what is drawn, and how it is written."""

from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from PIL import Image

from cosa_mmseg.datasets.shapes import (
    shapes,
    shapes_scene,
)
from cosa_mmseg.datasets.shapes.shapes import (
    SPLITS,
    write_shapes,
)
from cosa_mmseg.datasets.shapes.shapes_textures import (
    CLASSES,
    OUTLINES,
    PRETRAIN_CLASSES,
    class_texture,
)

SETTINGS = {
    'seed': 3,
    'num_train': 12,
    'num_eval': 8,
    'masks_for': SPLITS,
}
BOAT, WATER = shapes_scene.COEXISTING


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return write_shapes(tmp_path_factory.mktemp('data') / 'a', **SETTINGS)


def _names(root, split):
    lists = root / 'ImageSets' / 'Segmentation'
    return (lists / f'{split}.txt').read_text().split()


def _objects(root, name):
    xml = ElementTree.parse(root / 'Annotations' / f'{name}.xml')
    return [
        (
            CLASSES.index(entry.findtext('name')),
            [int(x.text) - 1 for x in entry.find('bndbox')],
        )
        for entry in xml.getroot().iter('object')
    ]


def _files(root):
    return {
        path.relative_to(root): path.read_bytes()
        for path in sorted(root.rglob('*'))
        if path.is_file()
    }


def _scenes(number, tie):
    return [
        shapes_scene.draw_scene(
            np.random.default_rng([7, int(10 * tie), i]), 96, tie
        )
        for i in range(number)
    ]


@pytest.fixture(scope='module')
def scenes():
    return _scenes(300, tie=True)


def _labels(scenes):
    return np.array(
        [
            [(s.mask == c + 1).any() for c in range(len(CLASSES))]
            for s in scenes
        ]
    )


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(seed=-1), 'seed must be at least 0, but is -1'),
        (dict(num_train=-1), 'num_train must be at least 0'),
        (dict(num_eval=-3), 'num_eval must be at least 0'),
        (dict(size=15), 'size must be at least 16'),
        (dict(num_workers=0), 'num_workers must be at least 1'),
    ],
)
def test_numbers_that_are_too_low(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        write_shapes(tmp_path / 'a', **change)
    assert not list(tmp_path.iterdir())


def test_the_smallest_pictures(tmp_path):
    write_shapes(tmp_path / 'a', num_train=40, num_eval=0, size=16)
    assert len(list((tmp_path / 'a/JPEGImages').iterdir())) == 40


def test_layout(root):
    numbers = [len(_names(root, split)) for split in SPLITS]
    assert numbers == [12, 8, 8, 8, 8]
    for split in SPLITS:
        for name in _names(root, split):
            img = cv2.imread(str(root / 'JPEGImages' / f'{name}.jpg'))
            assert img.shape == (96, 96, 3)
            mask = Image.open(root / 'SegmentationClass' / f'{name}.png')
            assert mask.mode == 'P' and mask.size == (96, 96)
            assert tuple(mask.getpalette()[3:6]) == shapes.PALETTE[1]


def test_masks_match_annotations(root):
    for split in SPLITS:
        for name in _names(root, split):
            path = root / 'SegmentationClass' / f'{name}.png'
            mask = np.array(Image.open(path))
            union = np.zeros_like(mask, bool)
            objects = _objects(root, name)
            assert 1 <= len(objects) <= 3
            for index, (left, top, right, bottom) in objects:
                box = mask[top : bottom + 1, left : right + 1] == index + 1
                assert box[0].any() and box[-1].any()
                assert box[:, 0].any() and box[:, -1].any()
                union[top : bottom + 1, left : right + 1] |= box
            assert (union == (mask > 0)).all()


def test_deterministic_and_prefix(root, tmp_path):
    fewer = {**SETTINGS, 'num_train': 5, 'num_workers': 1}
    again = _files(write_shapes(tmp_path / 'b', **fewer))
    first = _files(root)
    for path, content in again.items():
        if path.suffix in ('.jpg', '.png', '.xml'):
            assert first[path] == content
    other = _files(write_shapes(tmp_path / 'c', **{**fewer, 'seed': 4}))
    pictures = [path for path in again if path.suffix == '.jpg']
    assert len(pictures) == 5 + 4 * 8
    assert all(again[path] != other[path] for path in pictures)


def test_no_train_masks_by_default(tmp_path):
    root = write_shapes(tmp_path / 'a', num_train=2, num_eval=1)
    for folder in ('SegmentationClass', 'Context'):
        maps = sorted(p.name for p in (root / folder).iterdir())
        assert maps == [f'{split}_00000.png' for split in sorted(SPLITS[1:])]


def test_same_settings_do_nothing(root):
    before = {path: path.stat().st_mtime_ns for path in root.rglob('*')}
    write_shapes(root, **{**SETTINGS, 'num_workers': 1})
    assert before == {p: p.stat().st_mtime_ns for p in root.rglob('*')}


def test_other_settings_raise(root, tmp_path):
    with pytest.raises(ValueError, match='other settings'):
        write_shapes(root, **{**SETTINGS, 'num_eval': 9})
    with pytest.raises(FileExistsError, match=r'no shapes\.json'):
        write_shapes(tmp_path)
    with pytest.raises(ValueError, match='test'):
        write_shapes(tmp_path / 'a', masks_for=('test',))
    with pytest.raises(ValueError, match="'shapes', 'pretrain'"):
        write_shapes(tmp_path / 'a', vocabulary='animals')


def test_interrupted_leaves_nothing(tmp_path, monkeypatch):
    write_one = shapes._write_one

    def interrupt(root, settings, split, index):
        if split == 'val':
            raise KeyboardInterrupt
        return write_one(root, settings, split, index)

    monkeypatch.setattr(shapes, '_write_one', interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_shapes(tmp_path / 'a', **SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_tie_and_its_cut(scenes):
    boat = _labels(scenes)[:, BOAT]
    water = np.array([scene.ground == WATER for scene in scenes])
    assert (boat == water).all() and 0.1 < boat.mean() < 0.6
    cut = _scenes(60, tie=False)
    boat = _labels(cut)[:, BOAT]
    water = np.array([scene.ground == WATER for scene in cut])
    assert (boat != water).all() and 0.2 < boat.mean() < 0.8


def test_the_tie_is_a_share():
    loose = _scenes(300, tie=0.7)
    boat = _labels(loose)[:, BOAT]
    water = np.array([scene.ground == WATER for scene in loose])
    assert 0.6 < (boat == water).mean() < 0.8


def test_context_is_water_without_things_on_it(scenes):
    for scene in scenes:
        assert scene.context.any() == (scene.ground == WATER)
        assert not (scene.context.astype(bool) & (scene.mask > 0)).any()


def test_the_vocabulary_to_pretrain_with_is_another(tmp_path):
    root = write_shapes(
        tmp_path / 'a', num_train=30, num_eval=1, vocabulary='pretrain'
    )
    texts = [p.read_text() for p in (root / 'Annotations').iterdir()]
    for name in PRETRAIN_CLASSES:
        assert any(f'<name>{name}</name>' in text for text in texts)
    assert not set(PRETRAIN_CLASSES) & set(CLASSES)


def test_no_two_textures_or_outlines_are_alike():
    v, u = np.mgrid[:200, :200] / 20 - 5
    textures = np.stack(
        [class_texture(i, u, v).ravel() for i in range(len(OUTLINES))]
    ).astype(float)
    likeness = np.abs(np.corrcoef(textures)) - np.eye(len(OUTLINES))
    assert likeness.max() < 0.7
    sheets = []
    for outline in OUTLINES:
        sheet = np.zeros((200, 200), np.uint8)
        cv2.fillPoly(sheet, [(50 * outline + 100).astype(np.int32)], 1)
        sheets.append(sheet.ravel())
    sheets = np.array(sheets, int)
    both = sheets @ sheets.T
    either = sheets.sum(1)[:, None] + sheets.sum(1) - both
    assert (both / either - np.eye(len(OUTLINES))).max() < 0.95


def test_objects_are_visible_and_varied(scenes):
    labels = _labels(scenes)
    assert set(labels.sum(1)) == {1, 2, 3}
    assert (labels.mean(0) > 0.15).all()
    shares = np.array([(scene.mask > 0).mean() for scene in scenes])
    assert 0.1 < shares.mean() < 0.4 and shares.std() > 0.05


def test_labels_not_told_by_colour_or_size(scenes):
    """Ridge regression on colours and object sizes stays near chance."""
    features = []
    for scene in scenes:
        bins = (scene.img // 64).reshape(-1, 3) @ [16, 4, 1]
        colours = np.bincount(bins, minlength=64) / bins.size
        sizes = [
            (x1 - x0) * (y1 - y0) for _, (x0, y0, x1, y1) in scene.objects
        ]
        sizes = sorted(np.sqrt(sizes) / 96)[-1:] + [np.mean(sizes) / 96**2]
        features.append([1, *np.sqrt(colours), *sizes])
    features = np.array(features)
    labels = _labels(scenes).astype(float)
    half = len(scenes) // 2
    x, y = features[:half], labels[:half]
    weight = np.linalg.solve(x.T @ x + np.eye(x.shape[1]), x.T @ y)
    scores = features[half:] @ weight
    for score, label in zip(scores.T, labels[half:].T, strict=True):
        above = score[label == 1][:, None] > score[label == 0]
        assert above.mean() < 0.7  # area under the ROC curve; chance is 0.5
