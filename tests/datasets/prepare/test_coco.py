"""MS COCO's annotations: labels, masks worked by hand, broken files."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from cosa_mmseg.datasets.prepare import coco
from cosa_mmseg.datasets.prepare.coco import convert_coco
from cosa_mmseg.datasets.prepare.coco_instances import read_instances
from cosa_mmseg.utils.palette import voc_palette
from tests.datasets.coco_tree import (
    CATEGORY_IDS,
    LABELS,
    MASKS,
    SIZE,
    annotation_file,
    box,
    runs,
    write_coco,
)

VAL = 'val2014'
# of pycocotools 2.0.11 with numpy 2
pytestmark = pytest.mark.filterwarnings(
    'ignore:__array__ implementation:DeprecationWarning'
)


@pytest.fixture
def root(tmp_path):
    """A tree with the annotations."""
    return write_coco(tmp_path / 'coco')


@pytest.fixture
def change(root):
    """Rewrite an annotation file through a function of its content."""

    def change(function, split=VAL):
        path = annotation_file(root, split)
        content = json.loads(path.read_text())
        path.write_text(json.dumps(function(content) or content))

    return change


def files(root):
    """Content and time of everything but the annotations."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime)
        for path in sorted(root.rglob('*'))
        if path.is_file() and path.parent.name != 'annotations'
    }


def test_categories_with_gaps_become_80_classes(root):
    found = read_instances(annotation_file(root, VAL))

    assert found.class_ids == {c: i + 1 for i, c in enumerate(CATEGORY_IDS)}
    assert (found.class_ids[11], found.class_ids[13]) == (11, 12)
    assert found.class_ids[90] == 80


def test_lists_and_labels(root, capsys):
    convert_coco(root)

    for split, labels in LABELS.items():
        path = root / 'image_labels' / f'{split}.json'
        assert list(json.loads(path.read_text()).items()) == [*labels.items()]
    assert (root / 'splits/train2014.txt').read_text().split() == [
        'COCO_train2014_000000000009',
        'COCO_train2014_000000000030',
    ]
    assert (root / 'splits/val2014.txt').read_text().split() == [
        name for name, classes in LABELS[VAL].items() if classes
    ]
    every = (root / 'splits/val2014_all.txt').read_text().split()
    assert every == [*MASKS]
    assert not (root / 'masks').exists()
    assert capsys.readouterr().out.splitlines() == [
        'train2014: 3 images; 2 show a class',
        'val2014: 3 images; 2 show a class',
    ]


def test_labels_read_no_segmentation(root, change):
    """Labels are the same with garbage, or nothing, in its place."""

    def spoil(content):
        for i, entry in enumerate(content['annotations']):
            for key in ('segmentation', 'area', 'bbox', 'iscrowd'):
                entry[key] = {'counts': 'garbage'}
                if i % 2:
                    del entry[key]

    for split in LABELS:
        change(spoil, split)
    convert_coco(root)

    for split, labels in LABELS.items():
        path = root / 'image_labels' / f'{split}.json'
        assert json.loads(path.read_text()) == labels


def test_the_order_of_the_file_does_not_matter_for_labels(root, change):
    change(lambda content: dict(sorted(content.items())))
    text = annotation_file(root, VAL).read_text()
    assert text.index('"annotations"') < text.index('"images"')

    found = read_instances(annotation_file(root, VAL))

    assert found.class_names() == LABELS[VAL]


def test_masks(root):
    convert_coco(root, masks=True)

    folder = root / 'masks' / VAL
    assert sorted(p.name for p in folder.iterdir()) == [
        f'{name}.png' for name in MASKS
    ]
    for name, expected in MASKS.items():
        mask = Image.open(folder / f'{name}.png')
        assert mask.mode == 'P'
        assert mask.getpalette() == np.ravel(voc_palette(256)).tolist()
        np.testing.assert_array_equal(np.array(mask), expected)


def test_later_objects_cover_earlier_ones(root, change):
    def reverse(content):
        content['annotations'].reverse()

    change(reverse)
    convert_coco(root, masks=True)

    name = 'COCO_val2014_000000000042'
    mask = np.array(Image.open(root / 'masks' / VAL / f'{name}.png'))
    expected = np.array(MASKS[name])
    expected[2, 3] = 1  # now the person comes after the cat
    np.testing.assert_array_equal(mask, expected)


def test_a_second_call_changes_nothing(root, capsys):
    convert_coco(root, masks=True)
    before = files(root)
    capsys.readouterr()

    convert_coco(root, masks=True)

    assert files(root) == before
    assert len(before) == 8
    assert capsys.readouterr().out.splitlines()[-1] == (
        'val2014: 0 masks written, 3 were there'
    )


def test_an_interrupted_call_is_continued(root, monkeypatch, capsys):
    class Interrupted(BaseException):
        pass

    def write_half(mask, path):
        path.write_bytes(b'half a mask')
        raise Interrupted

    names = iter(MASKS)
    draw = coco._draw

    def draw_or_fail(image, regions):
        if image.name != next(names):
            raise AssertionError('masks are drawn in the order of their ids')
        if image.name.endswith('73'):
            monkeypatch.setattr(Image.Image, 'save', write_half)
        return draw(image, regions)

    with monkeypatch.context():
        monkeypatch.setattr(coco, '_draw', draw_or_fail)
        with pytest.raises(Interrupted):
            convert_coco(root, masks=True)
    monkeypatch.undo()
    first = files(root)
    assert [key for key in first if 'masks' in key] == [
        f'masks/{VAL}/COCO_val2014_000000000042.png'
    ]

    convert_coco(root, masks=True)

    after = files(root)
    assert after.items() > first.items()
    assert len(after) == 8
    assert '2 masks written, 1 were there' in capsys.readouterr().out


def test_missing_lists_and_labels_are_written_again(root):
    convert_coco(root)
    before = files(root)
    (root / 'image_labels/train2014.json').unlink()

    convert_coco(root)

    assert {k: v[0] for k, v in files(root).items()} == {
        k: v[0] for k, v in before.items()
    }


def test_files_of_someone_else_are_not_replaced(root):
    (root / 'splits').mkdir()
    (root / 'splits/val2014.txt').write_text('COCO_val2014_000000000042\n')
    before = files(root)

    with pytest.raises(FileExistsError, match=r'splits/val2014\.txt holds'):
        convert_coco(root, masks=True)

    assert files(root) == before


def test_masks_without_pycocotools(root, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pycocotools', None)
    monkeypatch.setitem(sys.modules, 'pycocotools.mask', None)

    with pytest.raises(ImportError, match='pip install pycocotools'):
        convert_coco(root, masks=True)

    assert not files(root)
    convert_coco(root)  # the rest needs no package
    assert len(files(root)) == 5


def put(array, index, key, value):
    """A fault: another value of a member."""

    def change(content):
        content[array][index][key] = value

    return change


def drop(array, index=None, key=None):
    """A fault: a member of the file or of an entry is missing."""

    def change(content):
        if index is None:
            del content[array]
        else:
            del content[array][index][key]

    return change


FAULTS = {
    'no images': (drop('images'), r"has no \['images'\]"),
    'no annotations': (drop('annotations'), r"has no \['annotations'\]"),
    'no categories': (drop('categories'), r"has no \['categories'\]"),
    'image without id': (drop('images', 1, 'id'), r"images\[1\] has no 'id'"),
    'image without name': (
        drop('images', 2, 'file_name'),
        r"images\[2\] has no 'file_name'",
    ),
    'image without size': (
        drop('images', 0, 'height'),
        r"images\[0\] has no 'height'",
    ),
    'image of no size': (
        put('images', 0, 'width', 0),
        r'images\[0\]: the image has 6 x 0 pixels',
    ),
    'image in a folder': (
        put('images', 0, 'file_name', '../evil.jpg'),
        r"images\[0\]: 'file_name' .* but is '\.\./evil\.jpg'",
    ),
    'image of another kind': (
        put('images', 0, 'file_name', 'a.png'),
        r"images\[0\]: 'file_name' must be a name in \.jpg",
    ),
    'entry that is no object': (
        lambda content: content['images'].append(7),
        r"images\[3\] has no 'file_name'",
    ),
    'image id twice': (
        put('images', 1, 'id', 99),
        r'images\[1\]: the id 99 is that of an earlier entry',
    ),
    'image name twice': (
        put('images', 1, 'file_name', 'COCO_val2014_000000000099.jpg'),
        "more than once, .* 'COCO_val2014_000000000099'",
    ),
    'category id twice': (
        put('categories', 79, 'id', 1),
        r'categories\[79\]: the id 1 is that of an earlier entry',
    ),
    'category without name': (
        drop('categories', 3, 'name'),
        r"categories\[3\] has no 'name'",
    ),
    'unknown category': (
        put('categories', 11, 'name', 'street sign'),
        r"categories\[11\]: unknown category 'street sign'; .* person, bicy",
    ),
    'annotation of an unknown category': (
        put('annotations', 2, 'category_id', 12),
        r"annotations\[2\] has 'category_id' 12, which 'categories' lacks",
    ),
    'annotation of a missing image': (
        put('annotations', 4, 'image_id', 43),
        r"annotations\[4\] has 'image_id' 43, which 'images' lacks",
    ),
    'annotation without image': (
        drop('annotations', 0, 'image_id'),
        r"annotations\[0\] has no 'image_id'",
    ),
    'annotation without category': (
        drop('annotations', 0, 'category_id'),
        r"annotations\[0\] has no 'category_id'",
    ),
    'id of another type': (
        put('annotations', 0, 'image_id', '42'),
        r"annotations\[0\]: 'image_id' must be of type int, but is '42'",
    ),
}


@pytest.mark.parametrize('fault', FAULTS)
def test_a_broken_file_is_named_and_nothing_is_written(root, change, fault):
    function, words = FAULTS[fault]
    change(function)

    with pytest.raises(ValueError, match=words) as err:
        convert_coco(root, masks=True)

    assert str(annotation_file(root, VAL)) in str(err.value)
    assert not files(root)


@pytest.mark.parametrize('share', [0, 0.3, 0.9, 0.999])
def test_a_cut_off_file(root, share):
    path = annotation_file(root, VAL)
    text = path.read_text()
    path.write_text(text[: int(share * len(text))])

    with pytest.raises(ValueError, match=r'val2014\.json cannot be read'):
        convert_coco(root)

    assert not files(root)


def test_a_missing_file(root):
    annotation_file(root, VAL).unlink()

    with pytest.raises(FileNotFoundError, match='annotations_trainval2014'):
        convert_coco(root)

    assert not files(root)


@pytest.mark.parametrize(
    'segmentation',
    [
        [],
        [[]],
        [[1, 1, 4, 1]],  # pycocotools takes this for a box
        [[1, 1, 4, 1, 4, 3, 1]],
        [box(1, 1, 4, 3), [1, 1, 4, 1]],
        [[1, 1, 4, 1, 4, 'x']],
        [[1, 1, 4, 1, 4, None]],
        [[1, 1, 4, 1, 4, float('nan')]],
        [[1, 1, 4, 1, 4, 1e9]],
        [[[1, 1], [4, 1], [4, 3]]],
        runs(0, 47),  # these would leave pixels undefined
        runs(0, 49),
        runs(-1, 49),
        runs(0.0, 48.0),
        dict(size=[8, 6], counts=[0, 48]),
        dict(size=list(SIZE), counts='PPYo0'),
        dict(counts=[0, 48]),
        dict(size=list(SIZE)),
        'polygon',
        None,
    ],
)
def test_a_broken_segmentation_leaves_no_mask(root, change, segmentation):
    change(put('annotations', 3, 'segmentation', segmentation))

    with pytest.raises(
        ValueError, match=r"annotations\[3\]: 'segmentation' is neither"
    ):
        convert_coco(root, masks=True)

    assert not (root / 'masks').exists()
    assert (
        json.loads((root / f'image_labels/{VAL}.json').read_text())
        == (LABELS[VAL])
    )


@pytest.mark.parametrize('key', ['segmentation', 'iscrowd'])
def test_masks_need_their_keys(root, change, key):
    change(drop('annotations', 5, key))

    with pytest.raises(ValueError, match=rf"annotations\[5\] has no '{key}'"):
        convert_coco(root, masks=True)

    assert not (root / 'masks').exists()
