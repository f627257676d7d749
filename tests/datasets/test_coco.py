"""COCO: the class list, its colours, and names as in the release."""

import json

from mmseg.datasets import COCOStuffDataset, PascalVOCDataset

from cosa_mmseg.datasets import COCOImageLabelDataset


def test_classes_are_the_80_detection_categories_in_order():
    classes = COCOImageLabelDataset.METAINFO['classes']

    assert classes[0] == 'background'
    assert classes[1:] == COCOStuffDataset.METAINFO['classes'][:80]


def test_palette_continues_that_of_voc():
    palette = COCOImageLabelDataset.METAINFO['palette']

    assert palette[:21] == PascalVOCDataset.METAINFO['palette']
    assert len({tuple(colour) for colour in palette}) == 81


def test_names_of_the_release(tmp_path):
    name = 'COCO_train2014_000000000009'
    (tmp_path / 'train.txt').write_text(f'{name}\n')
    (tmp_path / 'labels.json').write_text(
        json.dumps({name: ['toothbrush', 'person']})
    )

    info = COCOImageLabelDataset(
        ann_file='train.txt',
        label_file='labels.json',
        data_root=str(tmp_path),
        data_prefix=dict(img_path='train2014'),
    ).get_data_info(0)

    assert info['img_path'] == str(tmp_path / 'train2014' / f'{name}.jpg')
    assert info['img_id'] == name
    assert info['gt_label'] == [0, 79]
