import numpy as np
import pytest
import torch
from mmengine.registry import MODELS

from cosa_mmseg.models.post_process.dense_crf import DenseCRF
from tests.golden import load_tensors

TOLERANCE = 1e-5  # the goldens' README
ALTERNATIVE = dict(
    smooth_sigma_xy=4,
    smooth_weight=3,
    bilateral_sigma_xy=83,
    bilateral_sigma_rgb=5,
    bilateral_weight=3,
    num_iters=10,
)


@pytest.mark.parametrize(
    ('settings', 'name'),
    [({}, '1iter'), (ALTERNATIVE, '10iter_alt')],
)
def test_golden_dense_crf(settings, name):
    data = load_tensors('dense_crf')
    crf = MODELS.build(dict(type='DenseCRF', **settings))
    prob = crf(data['in_prob'].log(), data['in_image_u8'])
    # not `exact_q_`: how far the lattice is from it depends on the image
    assert (prob - data[f'out_q_{name}']).abs().max() <= TOLERANCE


def test_two_pixels_far_apart_by_hand():
    # a pixel sees itself alone: both filters are the identity
    logits = torch.tensor([[[2.0, 0.0]], [[0.0, 1.0]]])
    image = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    crf = DenseCRF(
        smooth_sigma_xy=0.01,
        smooth_weight=0.5,
        bilateral_sigma_xy=0.01,
        bilateral_weight=1.5,
        num_iters=2,
    )
    prob = expected = logits.softmax(0)
    for _ in range(2):
        expected = (prob.log() + 2 * expected).softmax(0)
    torch.testing.assert_close(crf(logits, image), expected)


def test_equal_pixels_are_averaged():
    # sigma is so large that each pixel sees all pixels alike
    logits = torch.randn(3, 4, 5, dtype=torch.float64)
    image = torch.full((4, 5, 3), 90, dtype=torch.uint8)
    crf = DenseCRF(smooth_weight=0, bilateral_sigma_xy=1e6)
    prob = logits.softmax(0)
    mean = prob.mean((1, 2), keepdim=True)
    expected = (prob.log() + 4 * mean).softmax(0)
    torch.testing.assert_close(crf(logits, image), expected, atol=1e-4, rtol=0)


def test_weak_pixels_join_the_pixels_of_their_colour():
    image = torch.zeros(16, 16, 3, dtype=torch.uint8)
    image[:, 8:] = 200
    truth = torch.zeros(16, 16, dtype=torch.long)
    truth[:, 8:] = 1
    logits = torch.stack([1.0 - truth, 1.0 * truth])
    logits[:, torch.rand(16, 16) < 0.2] = torch.tensor([[0.3], [0.1]])
    assert (logits.argmax(0) != truth).any()
    assert torch.equal(DenseCRF()(logits, image).argmax(0), truth)


def test_inputs_stay_and_half_precision_is_widened():
    logits = torch.randn(3, 5, 6).half()
    image = np.random.randint(0, 256, (5, 6, 3), np.uint8)
    before = logits.clone(), image.copy()
    prob = DenseCRF()(logits, image)
    assert prob.dtype == torch.float32 and prob.is_contiguous()
    torch.testing.assert_close(prob.sum(0), torch.ones(5, 6))
    assert torch.equal(logits, before[0]) and (image == before[1]).all()
    assert not DenseCRF().state_dict()


@pytest.mark.gpu
def test_gpu_agrees():
    logits = torch.randn(5, 40, 50)
    image = torch.randint(0, 256, (40, 50, 3), dtype=torch.uint8)
    expected = DenseCRF()(logits, image)
    prob = DenseCRF()(logits.cuda(), image)
    torch.testing.assert_close(prob.cpu(), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ('image', 'got'),
    [
        (torch.zeros(5, 6, 3), r'\(5, 6, 3\) and torch.float32'),
        (torch.zeros(6, 5, 3, dtype=torch.uint8), r'\(6, 5, 3\) and'),
        (torch.zeros(3, 5, 6, dtype=torch.uint8), r'\(3, 5, 6\) and'),
    ],
)
def test_refuses_other_images(image, got):
    message = r'of shape \(5, 6, 3\) and type uint8 .* got ' + got
    with pytest.raises(ValueError, match=message):
        DenseCRF()(torch.zeros(2, 5, 6), image)


@pytest.mark.parametrize(
    'settings',
    [
        dict(smooth_sigma_xy=0),
        dict(bilateral_sigma_xy=-1),
        dict(bilateral_sigma_rgb=0),
        dict(num_iters=0),
        dict(max_side=0),
    ],
)
def test_refuses_settings(settings):
    with pytest.raises(
        ValueError, match=f'{next(iter(settings))} must be (above|at least)'
    ):
        DenseCRF(**settings)
