"""What a packed sample holds."""

import numpy as np
import pytest
import torch

from cosa_mmseg.datasets.transforms import PackImageLabelInputs


@pytest.fixture
def results():
    img = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    return dict(
        img=img,
        img_path='a.jpg',
        img_id='a',
        ori_shape=(9, 9),
        img_shape=(2, 3),
        flip=True,
        reduce_zero_label=False,
    )


def test_training(results):
    strong = results['img'] + 100
    packed = PackImageLabelInputs()(
        dict(
            results, img_strong=strong, gt_label=[1, 4], valid_box=(0, 2, 1, 3)
        )
    )

    assert set(packed) == {'inputs', 'data_samples'}
    for name, img in (('weak', results['img']), ('strong', strong)):
        tensor = packed['inputs'][name]
        assert tensor.dtype == torch.uint8
        assert tensor.is_contiguous()
        np.testing.assert_array_equal(tensor.permute(1, 2, 0), img)
    sample = packed['data_samples']
    assert sample.gt_label.label.dtype == torch.long
    assert sample.gt_label.label.tolist() == [1, 4]
    assert sample.metainfo['valid_box'] == (0, 2, 1, 3)
    assert sample.metainfo['img_id'] == 'a'
    assert sample.metainfo['flip'] is True
    assert 'gt_sem_seg' not in sample


def test_evaluation(results):
    mask = np.array([[0, 1, 255]], np.uint8)
    packed = PackImageLabelInputs()(dict(results, gt_seg_map=mask))

    assert packed['inputs'].shape == (3, 2, 3)
    sample = packed['data_samples']
    assert sample.gt_sem_seg.data.tolist() == [[[0, 1, 255]]]
    assert sample.metainfo['ori_shape'] == (9, 9)
    assert 'gt_label' not in sample
    assert 'valid_box' not in sample.metainfo


def test_a_mask_is_one_to_train_with_or_to_score_with(results):
    mask = np.array([[0, 1, 255], [2, 0, 0]])
    results = dict(results, gt_seg_map=mask, gt_label=[0])
    packed = PackImageLabelInputs()(results)['data_samples']
    assert torch.equal(packed.gt_sem_seg.data[0], torch.tensor(mask))
    assert 'train_mask' not in packed
    trained = dict(results, img_strong=results['img'])
    packed = PackImageLabelInputs()(trained)['data_samples']
    assert torch.equal(packed.train_mask.data[0], torch.tensor(mask))
    assert 'gt_sem_seg' not in packed


def test_empty_label(results):
    packed = PackImageLabelInputs()(dict(results, gt_label=[]))

    label = packed['data_samples'].gt_label.label
    assert label.shape == (0,)
    assert label.dtype == torch.long


def test_flipped_views_become_contiguous(results):
    strong = results['img'][:, ::-1]
    packed = PackImageLabelInputs()(
        dict(results, img=results['img'][:, ::-1], img_strong=strong)
    )

    assert packed['inputs']['weak'].is_contiguous()
    assert packed['inputs']['strong'].is_contiguous()
    assert packed['inputs']['weak'].equal(packed['inputs']['strong'])
