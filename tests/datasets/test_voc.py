"""VOC: labels from XML files, forms of the image list, no mask in training."""

import builtins
import io
import os
import time

import cv2
import numpy as np
import pytest
from mmengine.registry import DATASETS, init_default_scope
from PIL import Image

import cosa_mmseg.datasets  # noqa: F401
from cosa_mmseg.datasets import BadFileError, VOCImageLabelDataset
from tests.datasets.voc_tree import voc_cfg, write_voc, write_xml

LABELS = {
    '2007_000032': ['person', 'aeroplane', 'person'],
    '2007_000039': ['tvmonitor'],
}


def test_labels_from_xml(tmp_path):
    dataset = VOCImageLabelDataset(**voc_cfg(write_voc(tmp_path, LABELS)))

    # parts of objects ("head") are no classes; difficult objects count
    labels = [dataset.get_data_info(i)['gt_label'] for i in range(2)]
    assert labels == [[0, 14], [19]]
    assert len(dataset.metainfo['classes']) == 21
    assert len(dataset.metainfo['palette']) == 21


@pytest.mark.parametrize(
    'line',
    [
        '2007_000032',
        '2007_000032  ',
        '/JPEGImages/2007_000032.jpg /SegmentationClassAug/2007_000032.png',
        'JPEGImages/2007_000032.jpg',
    ],
)
def test_lines_of_the_image_list(tmp_path, line):
    write_voc(tmp_path, LABELS)
    (tmp_path / 'ImageSets/Segmentation/train.txt').write_text(f'{line}\n')

    info = VOCImageLabelDataset(**voc_cfg(tmp_path)).get_data_info(0)

    assert info['img_id'] == '2007_000032'
    assert info['img_path'] == str(tmp_path / 'JPEGImages/2007_000032.jpg')


def test_images_of_any_suffix(tmp_path):
    write_voc(tmp_path, LABELS)
    image = tmp_path / 'JPEGImages' / '2007_000032.jpg'
    image.rename(image.with_suffix('.png'))

    dataset = VOCImageLabelDataset(**voc_cfg(tmp_path), img_suffix=None)

    paths = [dataset.get_data_info(i)['img_path'] for i in range(2)]
    assert [os.path.basename(path) for path in paths] == [
        '2007_000032.png',
        '2007_000039.jpg',
    ]


def test_a_label_file_takes_the_place_of_the_xml(tmp_path):
    write_voc(tmp_path, LABELS)
    (tmp_path / 'labels.json').write_text(
        '{"2007_000032": ["cat"], "2007_000039": ["dog", "cat"]}'
    )

    dataset = VOCImageLabelDataset(
        **voc_cfg(tmp_path), label_file='labels.json'
    )

    assert dataset.get_data_info(0)['gt_label'] == [7]
    assert dataset.get_data_info(1)['gt_label'] == [7, 11]


def test_the_test_set_has_neither_xml_nor_masks(tmp_path):
    write_voc(tmp_path, {'a': None, 'b': None}, split='test')

    dataset = VOCImageLabelDataset(**voc_cfg(tmp_path, 'test'), test_mode=True)

    assert len(dataset) == 2
    assert not {'gt_label', 'seg_map_path'} & set(dataset.get_data_info(1))


def test_some_of_the_classes(tmp_path):
    classes = ('background', 'person', 'tvmonitor')
    dataset = VOCImageLabelDataset(
        **voc_cfg(write_voc(tmp_path, LABELS, masks=True)),
        metainfo=dict(classes=classes),
    )

    assert [dataset.get_data_info(i)['gt_label'] for i in range(2)] == [
        [0],
        [1],
    ]
    assert dataset.label_map[15] == 1
    assert dataset.label_map[1] == 255
    assert dataset.metainfo['palette'][1] == [192, 128, 128]


def test_some_of_the_classes_need_the_background(tmp_path):
    with pytest.raises(
        ValueError, match="must begin with 'background'.*'person'"
    ):
        VOCImageLabelDataset(
            **voc_cfg(write_voc(tmp_path, LABELS)),
            metainfo=dict(classes=('person', 'tvmonitor')),
        )


def test_own_classes_in_the_layout_of_voc(tmp_path):
    write_voc(tmp_path, {'a': ['star', 'boat'], 'b': ['star']})
    metainfo = dict(
        classes=['background', 'boat', 'star'],
        palette=[[0, 0, 0], [1, 2, 3], [4, 5, 6]],
    )

    dataset = VOCImageLabelDataset(**voc_cfg(tmp_path), metainfo=metainfo)

    assert [dataset.get_data_info(i)['gt_label'] for i in range(2)] == [
        [0, 1],
        [1],
    ]
    assert dataset.label_map is None
    assert dataset.metainfo['palette'] == metainfo['palette']


def test_own_classes_must_name_every_object(tmp_path):
    write_voc(tmp_path, LABELS)
    metainfo = dict(classes=['background', 'star'], palette=[[0] * 3, [1] * 3])

    with pytest.raises(
        ValueError, match="unknown class 'aeroplane', 'person'"
    ):
        VOCImageLabelDataset(**voc_cfg(tmp_path), metainfo=metainfo)


def test_missing_xml_is_named(tmp_path):
    write_voc(tmp_path, {'a': ['cat'], 'b': None, 'c': None})

    with pytest.raises(FileNotFoundError) as err:
        VOCImageLabelDataset(**voc_cfg(tmp_path))

    assert '2 of the 3' in str(err.value)
    assert str(tmp_path / 'Annotations' / 'b.xml') in str(err.value)


def test_training_without_a_source_of_labels(tmp_path):
    cfg = voc_cfg(write_voc(tmp_path, LABELS), ann_xml=None)

    with pytest.raises(ValueError, match='no labels to train with'):
        VOCImageLabelDataset(**cfg)


def test_unknown_class_is_named(tmp_path):
    write_voc(tmp_path, {'a': ['cat', 'catt']})

    with pytest.raises(ValueError) as err:
        VOCImageLabelDataset(**voc_cfg(tmp_path))

    assert "unknown class 'catt'" in str(err.value)
    assert str(tmp_path / 'Annotations' / 'a.xml') in str(err.value)
    assert 'aeroplane, bicycle' in str(err.value)


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY n SYSTEM "file:///etc/hosts">'
    b']><annotation><object><name>&n;</name></object></annotation>'
)


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (BOMB, 'declares a document type'),
        (BOMB.decode().encode('utf-16'), 'declares a document type'),
        (b'<annotation><object>', 'no element found'),
        (b'', 'no element found'),
        (b'<a><object><name>cat</name></object><object/></a>', 'object 2 has'),
    ],
)
def test_bad_xml_is_named(tmp_path, content, reason):
    write_voc(tmp_path, {'a': ['cat']})
    (tmp_path / 'Annotations' / 'a.xml').write_bytes(content)

    with pytest.raises(ValueError) as err:
        VOCImageLabelDataset(**voc_cfg(tmp_path))

    assert str(tmp_path / 'Annotations' / 'a.xml') in str(err.value)
    assert reason in str(err.value)


def test_thousands_of_xml_files_are_read_in_seconds(tmp_path):
    names = [f'{i:06d}' for i in range(1000)]
    write_voc(tmp_path, {})
    for name in names:
        write_xml(tmp_path / 'Annotations' / f'{name}.xml', ['cat'] * 3)
    (tmp_path / 'ImageSets/Segmentation/train.txt').write_text(
        '\n'.join(names)
    )

    start = time.process_time()
    assert len(VOCImageLabelDataset(**voc_cfg(tmp_path))) == 1000

    assert time.process_time() - start < 2  # about .1 s


@pytest.fixture
def opened(monkeypatch):
    """Paths that are opened in any of the ways that images are read."""
    paths: list[str] = []

    def watch(owner, name):
        original = getattr(owner, name)

        def watched(path, *args, **kwargs):
            paths.append(str(path))
            return original(path, *args, **kwargs)

        monkeypatch.setattr(owner, name, watched)

    watch(builtins, 'open')
    watch(io, 'open')
    watch(os, 'open')
    watch(Image, 'open')
    watch(cv2, 'imread')
    watch(np, 'fromfile')
    return paths


def pipeline(test_mode):
    """A short pipeline, with the mask if it is there."""
    if test_mode:
        return [
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations'),
            dict(type='PackImageLabelInputs'),
        ]
    return [
        dict(type='LoadImageFromFile'),
        dict(type='RandomPlaceCrop', crop_size=32),
        dict(type='TwoViews'),
        dict(type='PackImageLabelInputs'),
    ]


@pytest.mark.parametrize('test_mode', [False, True])
def test_only_evaluation_opens_masks(tmp_path, opened, test_mode):
    init_default_scope('mmseg')
    write_voc(tmp_path, LABELS, masks=True)
    opened.clear()
    dataset = DATASETS.build(
        dict(
            type='VOCImageLabelDataset',
            **voc_cfg(tmp_path, seg_map_path='SegmentationClass'),
            pipeline=pipeline(test_mode),
            test_mode=test_mode,
        )
    )
    samples = [dataset[i] for i in range(2)]

    assert any('JPEGImages' in path for path in opened)
    assert any('SegmentationClass' in path for path in opened) == test_mode
    assert all(
        ('gt_sem_seg' in sample['data_samples']) == test_mode
        for sample in samples
    )


def test_a_training_pipeline_cannot_ask_for_the_mask(tmp_path):
    init_default_scope('mmseg')
    write_voc(tmp_path, LABELS, masks=True)
    dataset = VOCImageLabelDataset(
        **voc_cfg(tmp_path, seg_map_path='SegmentationClass'),
        pipeline=pipeline(test_mode=True),
    )

    with pytest.raises(BadFileError, match="KeyError: 'seg_map_path'"):
        dataset[0]


def test_training_needs_no_folder_of_masks(tmp_path):
    init_default_scope('mmseg')
    cfg = voc_cfg(
        write_voc(tmp_path, LABELS), seg_map_path='SegmentationClass'
    )
    dataset = VOCImageLabelDataset(**cfg, pipeline=pipeline(test_mode=False))

    assert not (tmp_path / 'SegmentationClass').exists()
    assert dataset[1]['data_samples'].gt_label.label.tolist() == [19]


def test_own_classes_need_no_palette(tmp_path):
    write_voc(tmp_path, {'a': ['kite']}, split='train_aug')
    dataset = VOCImageLabelDataset(
        data_root=str(tmp_path),
        ann_file='ImageSets/Segmentation/train_aug.txt',
        data_prefix=dict(img_path='JPEGImages', ann_xml='Annotations'),
        metainfo=dict(classes=('background', 'boat', 'kite')),
    )
    assert len(dataset.metainfo['palette']) == 3
    assert dataset[0]['gt_label'] == [1]
