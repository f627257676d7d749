"""Labels and valid boxes of a batch."""

import pytest
import torch
from mmengine.structures import LabelData
from mmseg.structures import SegDataSample

from cosa_mmseg.structures import (
    shown_classes,
    stack_img_labels,
    stack_valid_mask,
)


def sample(label=None, **metainfo):
    data_sample = SegDataSample(metainfo=metainfo)
    if label is not None:
        data_sample.gt_label = LabelData(
            label=torch.tensor(label, dtype=torch.long)
        )
    return data_sample


def test_multi_hot():
    out = stack_img_labels([sample([0, 3]), sample([]), sample([1])], 4, 'cpu')

    assert out.dtype == torch.float32
    assert out.tolist() == [[1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]]


@pytest.mark.parametrize('label', [[4], [0, 7], [-1]])
def test_ids_out_of_range(label):
    batch = [sample([0]), sample(label, img_path='b.jpg')]

    with pytest.raises(ValueError) as err:
        stack_img_labels(batch, 4, 'cpu')
    assert 'b.jpg' in str(err.value)
    assert str(label) in str(err.value)
    assert '[0, 4)' in str(err.value)


def test_missing_label():
    with pytest.raises(ValueError, match='image b.jpg has no image-level'):
        stack_img_labels([sample([0]), sample(img_path='b.jpg')], 4, 'cpu')
    with pytest.raises(ValueError, match='number 1 of the batch'):
        stack_img_labels([sample([0]), sample()], 4, 'cpu')


def test_valid_mask():
    batch = [sample(valid_box=(1, 3, 0, 2)), sample(), sample([0])]

    out = stack_valid_mask(batch, (3, 4), 'cpu')

    assert out.dtype == torch.bool
    assert out[0].int().tolist() == [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]
    assert out[1:].all()
    assert out.shape == (3, 3, 4)


@pytest.mark.parametrize(
    'box', [(0, 4, 0, 4), (-1, 3, 0, 4), (2, 1, 0, 4), (0, 3, 0, 5)]
)
def test_box_out_of_the_crop(box):
    batch = [sample(valid_box=box, img_path='c.jpg')]

    with pytest.raises(ValueError) as err:
        stack_valid_mask(batch, (3, 4), 'cpu')
    assert 'c.jpg' in str(err.value)
    assert str(box) in str(err.value)
    assert '3 x 4' in str(err.value)


def test_classes_that_a_batch_shows():
    batch = [sample([4, 1]), sample([]), sample([1])]
    assert shown_classes(batch, 'cpu').tolist() == [1, 4]
    assert shown_classes([sample([])], 'cpu').tolist() == [0]
