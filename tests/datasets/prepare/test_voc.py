"""PASCAL VOC with SBD, against lists, masks and labels worked by hand."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from PIL import Image

import cosa_mmseg.datasets  # noqa: F401
from cosa_mmseg.datasets import VOCImageLabelDataset
from cosa_mmseg.datasets.prepare import voc_lists
from cosa_mmseg.datasets.prepare.voc import convert_voc
from cosa_mmseg.utils.label_map import write_label_map
from tests.datasets.voc_tree import (
    TINY_MASKS,
    voc_cfg,
    write_tiny_sbd,
    write_tiny_voc,
    write_xml,
)

ROOT = Path(__file__).resolve().parents[3]
TRAIN_AUG = ['2007_000001', '2008_000003', '2008_000004']
XML_LABELS = {
    '2007_000001': ['cat', 'person'],
    '2007_000002': ['dog', 'person'],
    '2008_000003': ['tvmonitor'],
    '2008_000004': ['aeroplane', 'bottle'],
}
COUNTS = {
    'images': 4,
    'train': 1,
    'val': 1,
    'train_aug': 3,
    'labels': 4,
    'masks': 3,
    'new_masks': 3,
}


@pytest.fixture
def root(tmp_path):
    return write_tiny_voc(tmp_path / 'VOCdevkit' / 'VOC2012')


@pytest.fixture
def sbd(tmp_path):
    return write_tiny_sbd(tmp_path / 'benchmark_RELEASE' / 'dataset')


def lists(root):
    return root / 'ImageSets' / 'Segmentation'


def state(folder):
    """Content and time of each file below a folder."""
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob('*')
        if path.is_file()
    }


def test_list_masks_and_labels(root, sbd):
    counts = convert_voc(root, sbd, allow_partial=True)

    assert counts == COUNTS
    text = (lists(root) / 'train_aug.txt').read_text()
    assert text == ''.join(f'{name}\n' for name in TRAIN_AUG)
    masks = sorted((root / 'SegmentationClassAug').iterdir())
    assert [path.stem for path in masks] == TRAIN_AUG
    for path in masks:
        image = Image.open(path)
        assert image.mode == 'P'
        np.testing.assert_array_equal(image, TINY_MASKS[path.stem])
        colours = np.reshape(image.getpalette(), (256, 3)).tolist()
        assert colours[8] == [64, 0, 0]  # cat
        assert colours[20] == [0, 64, 128]  # tvmonitor
        assert colours[255] == [224, 224, 192]  # VOC's borders
    labels = json.loads((root / 'image_labels' / 'xml.json').read_text())
    assert labels == XML_LABELS


def test_labels_of_masks(root, sbd):
    convert_voc(root, sbd, labels_from='masks', allow_partial=True)

    labels = json.loads((root / 'image_labels' / 'masks.json').read_text())
    assert labels == {**XML_LABELS, '2007_000001': ['cat']}
    assert list(labels) == sorted(labels)
    assert not (root / 'image_labels' / 'xml.json').exists()


def test_labels_of_masks_need_no_xml(root, sbd):
    for path in (root / 'Annotations').iterdir():
        path.unlink()

    convert_voc(root, sbd, labels_from='masks', allow_partial=True)

    assert (root / 'image_labels' / 'masks.json').is_file()


def test_a_second_call_changes_nothing(root, sbd, tmp_path):
    convert_voc(root, sbd, allow_partial=True)
    before = state(tmp_path)

    counts = convert_voc(root, sbd, allow_partial=True)

    assert counts == {**COUNTS, 'new_masks': 0}
    assert state(tmp_path) == before


def test_a_call_after_an_interrupted_one_goes_on(root, sbd, monkeypatch):
    before = set(state(root))
    save, calls = Image.Image.save, []

    def interrupted(image, path):
        calls.append(path)
        if len(calls) > 1:
            path.write_bytes(b'half of it')
            raise KeyboardInterrupt
        save(image, path)

    monkeypatch.setattr(Image.Image, 'save', interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert_voc(root, sbd, allow_partial=True, num_workers=1)
    (done,) = set(state(root)) - before
    assert done == root / 'SegmentationClassAug' / '2007_000001.png'
    written = state(root)[done]
    monkeypatch.undo()

    counts = convert_voc(root, sbd, allow_partial=True)

    assert counts['new_masks'] == 2
    assert state(root)[done] == written
    assert len(state(root)) == len(before) + 5


def test_a_list_that_is_there_needs_no_sbd(root):
    path = lists(root) / 'train_aug.txt'
    text = (
        b'/JPEGImages/2008_000003.jpg '
        b'/SegmentationClassAug/2008_000003.png\r\n'
        b'/JPEGImages/2007_000001.jpg '
        b'/SegmentationClassAug/2007_000001.png\r\n'
    )
    path.write_bytes(text)

    counts = convert_voc(root, allow_partial=True)

    assert counts['masks'] == 0
    assert path.read_bytes() == text
    assert not (root / 'SegmentationClassAug').exists()
    labels = json.loads((root / 'image_labels' / 'xml.json').read_text())
    assert labels == {i: XML_LABELS[i] for i in list(XML_LABELS)[:3]}


def test_a_list_that_is_there_in_another_order_is_kept(root, sbd):
    path = lists(root) / 'train_aug.txt'
    path.write_text('\n'.join(TRAIN_AUG[::-1]))

    convert_voc(root, sbd, allow_partial=True)

    assert path.read_text() == '\n'.join(TRAIN_AUG[::-1])


@pytest.mark.parametrize(
    ('split', 'number', 'message'),
    [
        ('train', 2, r'train has 1 \(not 2\)'),
        ('val', 2, r'val has 1 \(not 2\)'),
        ('train_aug', 4, r'train_aug has 3 \(not 4\)'),
        ('train_aug', 2, r'train_aug has 3 \(not 2\)'),
        ('images', 5, r'images has 4 \(not 5\)'),
    ],
)
def test_other_numbers_need_consent(
    root, sbd, monkeypatch, split, number, message
):
    numbers = {'train': 1, 'val': 1, 'train_aug': 3, split: number}
    monkeypatch.setattr(voc_lists, 'NUM_IMAGES', numbers.pop('images', 3))
    monkeypatch.setattr(voc_lists, 'NUM_LISTED', numbers)
    before = state(root)

    with pytest.raises(ValueError, match=message) as err:
        convert_voc(root, sbd)

    assert 'VOCtrainval_11-May-2012.tar' in str(err.value)
    assert 'benchmark.tgz' in str(err.value)
    assert state(root) == before


def test_the_right_numbers_need_no_consent(root, sbd, monkeypatch):
    expected = {'train': 1464, 'val': 1449, 'train_aug': 10582}
    assert expected == voc_lists.NUM_LISTED
    assert voc_lists.NUM_IMAGES == 17125
    monkeypatch.setattr(voc_lists, 'NUM_IMAGES', 3)  # the test set joined
    tiny = {'train': 1, 'val': 1, 'train_aug': 3}
    monkeypatch.setattr(voc_lists, 'NUM_LISTED', tiny)

    assert convert_voc(root, sbd) == COUNTS


def tar_of(root):
    path = root.parents[1] / 'VOCtrainval_11-May-2012.tar'
    with tarfile.open(path, 'w') as archive:
        archive.add(root, 'VOCdevkit/VOC2012')
    return path


def test_from_the_archives(root, sbd, tmp_path):
    voc_tar = tar_of(root)
    sbd_tar = tmp_path / 'benchmark.tgz'
    with tarfile.open(sbd_tar, 'w:gz') as archive:
        archive.add(sbd.parent, 'benchmark_RELEASE')
    data = tmp_path / 'data'
    convert_voc(root, sbd, allow_partial=True)

    for new_masks in (3, 0):
        counts = convert_voc(
            data / 'VOC2012', sbd_tar, voc_tar, allow_partial=True
        )
        assert counts == {**COUNTS, 'new_masks': new_masks}

    found = state(data / 'VOC2012')
    expected = state(root)
    assert {p.relative_to(data / 'VOC2012'): found[p][0] for p in found} == {
        p.relative_to(root): expected[p][0] for p in expected
    }
    assert {path.name for path in data.iterdir()} == {'VOC2012', 'SBD'}


def test_a_tree_that_is_there_is_not_unpacked(root, sbd):
    voc_tar = tar_of(root)
    (root / 'JPEGImages' / '2008_000004.jpg').unlink()

    with pytest.raises(FileNotFoundError, match='2008_000004.jpg'):
        convert_voc(root, sbd, voc_tar, allow_partial=True)


def remove(path):
    return lambda root, sbd: (root / path).unlink()


def write(path, text):
    return lambda root, sbd: (root / path).write_text(text)


def mask(path, rows):
    def change(root, sbd):
        write_label_map(root / path, np.array(rows))

    return change


def coloured(root, sbd):
    path = root / 'SegmentationClass' / '2007_000002.png'
    Image.new('RGB', (3, 2)).save(path)


def cut_mask(root, sbd):
    path = root / 'SegmentationClass' / '2007_000001.png'
    path.write_bytes(path.read_bytes()[:-30])


def xml(*names):
    path = 'Annotations/2008_000003.xml'
    return lambda root, sbd: write_xml(root / path, list(names))


def drop_lists(root, sbd):
    for path in lists(root).iterdir():
        path.unlink()
    lists(root).rmdir()


LISTS = 'ImageSets/Segmentation'
BROKEN = {
    'no list': (remove(f'{LISTS}/val.txt'), 'no image list .*val.txt'),
    'no lists': (drop_lists, f'no folder .*{LISTS}. .*VOCtrainval_11-May'),
    'empty list': (write(f'{LISTS}/train.txt', ' \n'), 'train.txt is empty'),
    'name twice': (
        write(f'{LISTS}/val.txt', '2007_000002\n2007_000001\n2007_000002\n'),
        "val.txt.* more than once.* '2007_000002'",
    ),
    'leak': (
        write(f'{LISTS}/train.txt', '2007_000001\n2007_000002\n'),
        "1 images of .*val.txt are in train.txt .* '2007_000002'",
    ),
    'other list': (
        write(f'{LISTS}/train_aug.txt', '2007_000001\n'),
        'train_aug.txt lists other images .* move it away',
    ),
    'other labels': (
        lambda root, sbd: (
            (root / 'image_labels').mkdir(),
            (root / 'image_labels' / 'xml.json').write_text('{}'),
        ),
        'xml.json holds something else .* move it away',
    ),
    'no image': (
        remove('JPEGImages/2008_000004.jpg'),
        '1 of the files of 4 listed images .*JPEGImages; .*2008_000004.jpg',
    ),
    'broken image': (
        write('JPEGImages/2008_000003.jpg', 'no picture'),
        '2008_000003.jpg is damaged or no image',
    ),
    'no mask': (
        remove('SegmentationClass/2007_000002.png'),
        'missing from .*SegmentationClass; .*2007_000002.png',
    ),
    'no xml': (
        remove('Annotations/2008_000003.xml'),
        'missing from .*Annotations; .*2008_000003.xml',
    ),
    'unknown class': (
        xml('cat', 'catt'),
        "unknown class 'catt' .*2008_000003.xml; .* aeroplane, bicycle",
    ),
    'background': (xml('background'), "unknown class 'background'"),
    'no object': (xml(), '2008_000003.xml has no object'),
    'no name': (xml('cat', ' '), '2008_000003.xml .*object 2 has no name'),
    'bad xml': (
        write('Annotations/2008_000003.xml', '<annotation>'),
        '2008_000003.xml cannot be read',
    ),
    'wrong id in val': (
        mask('SegmentationClass/2007_000002.png', [[0, 1, 2], [0, 21, 0]]),
        r'2007_000002.png holds the ids \[21\], .* 0 to 20 \(255',
    ),
    'wrong id in a mask that is there': (
        mask('SegmentationClassAug/2008_000004.png', [[0, 9, 2], [0, 99, 0]]),
        r'SegmentationClassAug/2008_000004.png holds the ids \[99\]',
    ),
    'wrong size': (
        mask('SegmentationClass/2007_000001.png', [[0, 1], [0, 2], [3, 3]]),
        r'2007_000001.png has the shape \(3, 2\), .*000001.jpg .*\(2, 3\)',
    ),
    'wrong size in SBD': (
        lambda root, sbd: Image.new('RGB', (2, 3)).save(
            root / 'JPEGImages' / '2008_000003.jpg'
        ),
        r"SBD's mask of 2008_000003 has the shape \(2, 3\), .*\(3, 2\)",
    ),
    'colours': (
        coloured,
        '2007_000002.png is .*neither palette nor grey, but RGB',
    ),
    'cut mask': (cut_mask, '2007_000001.png is broken'),
    'no SBD': (
        lambda root, sbd: sbd.rename(sbd.parent / 'elsewhere'),
        'no .*dataset: sbd must be benchmark.tgz of SBD',
    ),
}


@pytest.mark.parametrize('case', BROKEN)
def test_what_is_broken_is_named(root, sbd, case):
    change, message = BROKEN[case]
    change(root, sbd)
    before = state(root)

    with pytest.raises((OSError, ValueError), match=message):
        convert_voc(root, sbd, allow_partial=True)

    after = state(root)
    assert {path: after[path] for path in before} == before
    new = set(after) - set(before)
    assert {path.parent.name for path in new} <= {'SegmentationClassAug'}
    assert all(Image.open(path).size == (3, 2) for path in new)


def test_no_tree_says_where_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError) as err:
        convert_voc(tmp_path / 'VOC2012')

    assert f'no folder {tmp_path / "VOC2012" / "JPEGImages"}' in str(err.value)
    assert 'host.robots.ox.ac.uk' in str(err.value)


def test_no_list_and_no_sbd_says_where_to_get_it(root):
    with pytest.raises(FileNotFoundError) as err:
        convert_voc(root)

    assert str(lists(root) / 'train_aug.txt') in str(err.value)
    assert 'Berkeley' in str(err.value)


@pytest.mark.parametrize(
    ('labels_from', 'message'),
    [('csv', "'csv'; allowed are .*xml.*masks"), ('masks', 'pass sbd')],
)
def test_label_sources(root, labels_from, message):
    with pytest.raises(ValueError, match=message):
        convert_voc(root, labels_from=labels_from)


def test_the_config_s_data_sets_build_on_it(root, sbd):
    init_default_scope('mmseg')
    convert_voc(root, sbd, allow_partial=True)
    cfg = Config.fromfile(ROOT / 'configs' / '_base_/datasets/voc_wsss.py')
    cfg.train_dataloader.dataset.data_root = str(root)
    cfg.val_dataloader.dataset.data_root = str(root)

    train = DATASETS.build(cfg.train_dataloader.dataset)
    val = DATASETS.build(cfg.val_dataloader.dataset)

    labels = [train.get_data_info(i)['gt_label'] for i in range(len(train))]
    assert labels == [[7, 14], [19], [0, 4]]
    sample = val[0]['data_samples']
    assert sample.gt_label.label.tolist() == [11, 14]
    np.testing.assert_array_equal(
        sample.gt_sem_seg.data[0], TINY_MASKS['2007_000002']
    )


def test_the_label_file_says_what_the_xml_files_say(root, sbd):
    convert_voc(root, sbd, allow_partial=True)
    cfg = voc_cfg(root, 'train_aug')

    from_xml = VOCImageLabelDataset(**cfg)
    from_json = VOCImageLabelDataset(**cfg, label_file='image_labels/xml.json')

    assert len(from_xml) == 3
    for i in range(3):
        assert from_json.get_data_info(i) == from_xml.get_data_info(i)


def test_the_number_of_threads_changes_nothing(root, sbd, tmp_path):
    other = write_tiny_voc(tmp_path / 'other')
    convert_voc(root, sbd, allow_partial=True, num_workers=1)
    convert_voc(other, sbd, allow_partial=True, num_workers=4)

    first, second = state(root), state(other)
    assert [first[p][0] for p in sorted(first)] == [
        second[p][0] for p in sorted(second)
    ]
