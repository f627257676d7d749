import pytest
from mmengine.registry import init_default_scope

from cosa_mmseg.interop.models_out.stock_data import (
    stock_dataset,
    stock_pipeline,
    tta_pipeline,
)
from tests.datasets.voc_tree import voc_cfg, write_voc

LOAD = dict(type='LoadImageFromFile')
MASKS = dict(type='LoadAnnotations')
PACK = dict(type='PackSegInputs')


def pipeline(*steps):
    return [LOAD, *steps, MASKS, dict(type='PackImageLabelInputs')]


def resize(scale, keep_ratio=False):
    return dict(type='Resize', scale=scale, keep_ratio=keep_ratio)


@pytest.mark.parametrize(
    ('steps', 'rounded'),
    [
        ([resize((64, 48))], False),
        ([resize((64, 40))], True),
        ([resize((2048, 448), keep_ratio=True)], True),
        ([], True),
    ],
)
def test_sides_are_rounded_where_they_may_not_be_multiples(steps, rounded):
    extra = [dict(type='ResizeToMultiple', size_divisor=16)] * rounded
    source = pipeline(*steps)
    assert stock_pipeline(source, 16) == [LOAD, *steps, *extra, MASKS, PACK]
    assert stock_pipeline(source) == [LOAD, *steps, MASKS, PACK]


def test_views_are_scaled_before_they_are_mirrored():
    flips = [
        dict(type='RandomFlip', prob=0.0),
        dict(type='RandomFlip', prob=1.0),
    ]
    steps = stock_pipeline(pipeline(resize((2048, 450), keep_ratio=True)))
    load, views = tta_pipeline(steps, [1, 0.25], mirror=True)
    assert load == LOAD
    assert views['transforms'] == [
        [resize((2048, 450), True), resize((512, 112), True)],
        flips,
        [MASKS],
        [PACK],
    ]
    _, views = tta_pipeline(stock_pipeline(pipeline()), [0.5], mirror=False)
    assert views['transforms'] == [
        [dict(type='Resize', scale_factor=0.5, keep_ratio=True)],
        [MASKS],
        [PACK],
    ]


def test_what_the_stock_data_set_cannot_do_is_said(tmp_path):
    init_default_scope('mmseg')
    write_voc(tmp_path, {'a': ['cat']}, masks=True)
    source = dict(type='VOCImageLabelDataset', **voc_cfg(tmp_path))
    config, notes = stock_dataset(source, [LOAD])
    assert not notes
    assert config['data_prefix'] == dict(img_path='JPEGImages')
    assert (config['img_suffix'], config['seg_map_suffix']) == ('.jpg', '.png')
    some = dict(metainfo=dict(classes=('background', 'cat')))
    config, notes = stock_dataset(
        dict(source, img_suffix=None, test_mode=True, **some), [LOAD]
    )
    assert ['img_suffix' in notes[0], 'renumber' in notes[1]] == [True, True]
    assert config['img_suffix'] == '.jpg'
    assert config['metainfo']['palette'] == [[0, 0, 0], [64, 0, 0]]
    other = dict(type='BaseSegDataset', ann_file='a.txt', pipeline=[])
    assert stock_dataset(other, [LOAD]) == (dict(other, pipeline=[LOAD]), [])
