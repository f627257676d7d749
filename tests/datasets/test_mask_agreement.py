"""Masks that contradict the image-level labels."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image

from cosa_mmseg.datasets import BadFileError, ImageLabelDataset
from cosa_mmseg.datasets.findings import find_in_masks
from cosa_mmseg.datasets.mask_agreement import MaskClasses, compare_masks

DATASET = SimpleNamespace(
    test_mode=True,
    metainfo=dict(classes=['background', 'cat', 'dog', 'fish']),
    ignore_index=255,
)
LABELS = [{1}, {2}, {3}, {1, 2}, {2, 3}, set(), {1}, {3}]


def compared(ids, labels=LABELS):
    """What is said of masks with these ids and of these labels."""
    masks = [
        MaskClasses(
            f'{i}.png',
            frozenset({0, 255} | set(shown)),
            None if label is None else frozenset(label),
        )
        for i, (shown, label) in enumerate(zip(ids, labels, strict=True))
    ]
    return compare_masks(masks, DATASET, len(masks))


def test_masks_that_agree():
    assert compared(LABELS) == [
        (
            logging.INFO,
            '8 of 8 masks show the classes of the image-level label',
        )
    ]


def order(**ids):
    """Masks with other ids of the three classes."""
    places = dict(enumerate(ids.values(), 1))
    return [{places[i] for i in label} - {0} for label in LABELS]


@pytest.mark.parametrize(
    ('ids', 'words'),
    [
        ([set()] * 8, ['1 of 8', 'no other values than 0 and 255', 'binary']),
        (
            order(cat=2, dog=3, fish=1),
            [
                'mask 2 where the label is 1 (cat), in 3 of 3',
                'mask 1 where the label is 3 (fish), in 3 of 3',
                'another order of classes?',
                'the first is 0.png: mask 2 (dog), label 1 (cat)',
            ],
        ),
        # of cat and dog 0.png, 1.png and 6.png tell
        (order(cat=0, dog=1, fish=2), ['mask 1 where the label is 2 (dog)']),
    ],
)
def test_scores_that_would_mean_nothing_are_refused(ids, words):
    with pytest.raises(BadFileError) as err:
        compared(ids)
    for word in [*words, 'a score from them would mean nothing']:
        assert word in str(err.value)


@pytest.mark.parametrize(
    ('ids', 'words'),
    [
        # tags without pixels are found in VOC
        (
            [{1}, {2}, {3}, {1}, {2}, set(), {1}, {3}],
            ['6 of 8', '0 show a class that', '2 lack', 'the first is 3.png'],
        ),
        ([{2}, *LABELS[1:]], ['7 of 8', '0.png: mask 2 (dog), label 1 (cat)']),
        (
            [set(label and {1}) for label in LABELS],
            ['3 of 8', 'no other class than 1 (binary masks?)'],
        ),
        (
            [label | {3} for label in LABELS],
            ['3 of 8', '0.png: mask 1 (cat), 3 (fish), label 1 (cat)'],
        ),
    ],
)
def test_some_that_disagree_are_a_warning_with_numbers(ids, words):
    ((level, sentence),) = compared(ids)
    assert level == logging.WARNING
    for word in words:
        assert word in sentence


def test_two_images_may_disagree_by_a_slip():
    ((level, sentence),) = compared([{2}, {3}], [{1}, {2}])
    assert level == logging.WARNING
    assert sentence.startswith('0 of 2 masks')
    with pytest.raises(BadFileError, match='0 of 3 masks'):
        compared([{2}, {3}, {1}], [{1}, {2}, {3}])


def test_without_labels_there_is_nothing_to_compare():
    assert compared([{1}, {2}], [None, None]) == []
    with pytest.raises(BadFileError, match='0 of 2 masks show the classes of'):
        compared([set(), set()], [None, None])


def test_images_without_a_class_may_have_ignored_pixels():
    ((level, _),) = compared([set(), set()], [set(), set()])
    assert level == logging.INFO


@pytest.fixture
def evaluation(tmp_path):
    """Six images with labels; their masks have these values."""
    init_default_scope('mmseg')
    (tmp_path / 'img').mkdir()
    (tmp_path / 'mask').mkdir()
    lines = ['image,labels']
    for i in range(6):
        Image.new('RGB', (6, 4)).save(tmp_path / 'img' / f'{i}.png')
        lines.append(f'{i}.png,{"cat" if i % 2 else ""}')
    (tmp_path / 'labels.csv').write_text('\n'.join(lines))

    def build(*values):
        for i, value in enumerate(values):
            mask = np.zeros((4, 6), np.uint8)
            mask[0] = value
            Image.fromarray(mask).save(tmp_path / 'mask' / f'{i}.png')
        return ImageLabelDataset(
            label_file='labels.csv',
            data_root=str(tmp_path),
            data_prefix=dict(img_path='img', seg_map_path='mask'),
            img_suffix='.png',
            test_mode=True,
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
            ],
        )

    return build


def test_masks_are_read_as_the_pipeline_does(evaluation):
    dataset = evaluation(0, 1, 0, 1, 0, 1)
    agree = 'masks show the classes of the image-level label'
    assert find_in_masks(dataset) == [(logging.INFO, f'6 of 6 {agree}')]
    ((_, sentence),) = find_in_masks(dataset, max_masks=3)
    assert sentence.startswith('3 of 3 masks that were read (of 6) show')


@pytest.mark.parametrize(
    ('values', 'said'),
    [
        ([0, 255, 0, 255, 0, 255], 'no other values than 0 and 255'),
        ([0, 128, 0, 128, 0, 128], r'holds the ids \[128\].*a binary mask\?'),
    ],
)
def test_binary_masks_are_refused(evaluation, values, said):
    with pytest.raises(BadFileError, match=said):
        find_in_masks(evaluation(*values))


def test_masks_that_cannot_be_read_are_left_to_the_evaluation(evaluation):
    ((level, sentence),) = find_in_masks(evaluation())
    assert level == logging.WARNING
    assert 'none of the 6 masks' in sentence and 'does not exist' in sentence
    ((_, sentence),) = find_in_masks(evaluation(0, 1))
    assert sentence.startswith('2 of 2 masks')


def test_no_masks_are_read_where_none_are_loaded(evaluation):
    dataset = evaluation()
    dataset.pipeline.transforms.pop()
    assert find_in_masks(dataset) == []
