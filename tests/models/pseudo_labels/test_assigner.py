import math
from dataclasses import fields

import pytest
import torch
from mmengine.registry import MODELS

from cosa_mmseg.structures import (
    CAMLabels,
    CoSABatch,
    NetworkOutput,
    PseudoLabels,
)
from tests.models.networks import small_assigner, small_network

NUM_CLASSES = 6
PAPER = dict(
    cam_labeler=dict(
        type='ThresholdLabeler',
        threshold=dict(type='FixedThreshold', value=0.5),
    ),
    reliability=dict(type='PerplexityWeight'),
)
IMG_LABEL = torch.tensor([[0.0, 1, 0, 0, 0, 0], [0, 1, 0, 0, 1, 0]])
SHOWN = torch.tensor([1, 4])


@pytest.fixture
def network():
    torch.manual_seed(3)
    return MODELS.build(small_network(NUM_CLASSES + 1)).eval()


ALL = torch.arange(NUM_CLASSES)


def pixels(img):
    raise AssertionError('no refiner needs pixels')


def weak_batch(classes, pixels=pixels):
    torch.manual_seed(4)
    weak = torch.randn(2, 3, 32, 40)
    mask = torch.ones(2, 32, 40, dtype=torch.bool)
    mask[1, :, 36:] = False
    return CoSABatch(weak, weak, IMG_LABEL, mask, classes, pixels)


def assign(network, settings, classes=ALL, pixels=pixels):
    assigner = MODELS.build(small_assigner(**settings)).eval()
    return assigner(network.forward_heads, weak_batch(classes, pixels))


@pytest.mark.parametrize('settings', [{}, PAPER])
def test_the_classes_that_no_image_shows_change_nothing(network, settings):
    whole = assign(network, settings)
    some = assign(network, settings, SHOWN)
    assert set(some.cam_label.unique().tolist()) <= {0, 2, 5, 255}
    assert {2, 5} & set(some.cam_label.unique().tolist())
    for field in fields(PseudoLabels):
        if field.name not in ('classes', 'seg_prob'):
            torch.testing.assert_close(
                getattr(some, field.name), getattr(whole, field.name)
            )
    torch.testing.assert_close(
        *(pseudo.foreground_prob((2, 3), len(ALL)) for pseudo in (some, whole))
    )


@pytest.mark.parametrize('lambda_a', [0.8, 0.4])
def test_weights_and_separation_have_one_perplexity(network, lambda_a):
    reliability = dict(type='PerplexityWeight', lambda_a=lambda_a)
    pseudo = assign(network, dict(PAPER, reliability=reliability))
    # the least perplexity is that of the distance 1
    assert pseudo.perplexity_aux.min().item() == pytest.approx(
        -math.log(lambda_a), rel=1e-5
    )
    # w P is the same number at all real pixels
    real = pseudo.weight_aux > 0
    product = (pseudo.weight_aux * pseudo.perplexity_aux)[real]
    assert product.min().item() == pytest.approx(
        product.max().item(), rel=1e-5
    )


def test_without_weights_the_perplexity_is_the_papers(network):
    pseudo = assign(network, dict(PAPER, reliability=None))
    assert pseudo.weight is None
    assert pseudo.perplexity_aux.min().item() == pytest.approx(
        -math.log(0.8), rel=1e-5
    )


@pytest.mark.parametrize('all_classes', [False, True])
def test_parts_get_the_maps_of_all_classes_on_request(network, all_classes):
    class Seen(torch.nn.Module):
        num_images, needs_rgb = 0, False

        def forward(self, cam, img_label, valid_mask, rgb):
            self.shape = cam.shape[1], img_label.shape[1]
            return CAMLabels(torch.ones_like(valid_mask).long())

    assigner = MODELS.build(small_assigner(all_classes=all_classes)).eval()
    assigner.cam_labeler = Seen()
    batch = weak_batch(SHOWN)
    pseudo = assigner(network.forward_heads, batch)
    count = NUM_CLASSES if all_classes else 2
    assert assigner.cam_labeler.shape == (count, count)
    assert (pseudo.cam_label == (1 if all_classes else 2)).all()


def test_a_refiner_gets_the_pixels(network):
    refiner = dict(type='PixelAdaptiveRefinement', num_iters=1, dilations=[1])
    labeler = dict(
        type='DualThresholdLabeler', low=0.3, high=0.6, refiner=refiner
    )
    with pytest.raises(AssertionError, match='no refiner'):
        assign(network, dict(cam_labeler=labeler))
    plain = assign(network, {})
    refined = assign(
        network, dict(cam_labeler=labeler), pixels=lambda x: 90 * x
    )
    assert not torch.equal(plain.cam_label, refined.cam_label)


@pytest.mark.parametrize('downscale', [1, 2])
@pytest.mark.parametrize('num_shown', [0, 1, 2])
def test_a_refined_cam_is_labelled_up_to_the_edges(downscale, num_shown):
    # a black and a white half; the CAM of the white half spills over its edge
    rgb = torch.zeros(2, 3, 32, 32)
    rgb[..., 16:] = 1.0
    img_label = torch.zeros(2, 3)
    img_label[0, 1 : 1 + num_shown] = 1
    cam = torch.zeros(2, 3, 32, 32)
    cam[:, 1, :, 12:] = 0.6
    cam[:, 1, :, 18:] = 1.0
    logits = torch.zeros(2, 3)
    output = NetworkOutput(torch.zeros(2, 4, 32, 32), cam, cam, logits, logits)
    mask = torch.ones(2, 32, 32, dtype=torch.bool)
    batch = CoSABatch(
        rgb, rgb, img_label, mask, torch.arange(3), lambda img: 255 * img
    )
    settings = dict(
        PAPER,
        refiner=dict(type='PixelAdaptiveRefinement', dilations=[1, 2, 4]),
        refiner_downscale=downscale,
    )
    assigner = MODELS.build(small_assigner(**settings)).eval()
    pseudo = assigner.label(output, batch, torch.arange(3))
    expected = torch.zeros_like(pseudo.cam_label)
    if num_shown:
        expected[0, :, 16:] = 2
    sure = [*range(15), *range(17, 32)]
    for label in (pseudo.cam_label, pseudo.cam_label_aux):
        assert torch.equal(label[..., sure], expected[..., sure])


def test_the_network_runs_in_the_dtype_and_maps_are_float32(network):
    seen = []
    network.backbone.register_forward_hook(
        lambda _, __, out: seen.append(out[0].dtype)
    )
    half = assign(network, dict(PAPER, dtype='bfloat16'))
    assert set(seen) == {torch.bfloat16}
    full = assign(network, PAPER)
    assert half.weight.dtype == half.seg_prob.dtype == torch.float32
    assert not torch.equal(half.weight, full.weight)
    # bfloat16 has three digits
    same = half.cam_label == full.cam_label
    assert same.float().mean() > 0.95


def test_an_unknown_dtype():
    with pytest.raises(ValueError, match="assigner.dtype must be one of 'bf"):
        MODELS.build(small_assigner(dtype='int8'))
