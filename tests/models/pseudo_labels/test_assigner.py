import math
from dataclasses import fields

import pytest
import torch
from mmengine.registry import MODELS

from cosa_mmseg.structures import PseudoLabels
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


def assign(network, settings, classes=None):
    torch.manual_seed(4)
    weak = torch.randn(2, 3, 32, 40)
    mask = torch.ones(2, 32, 40, dtype=torch.bool)
    mask[1, :, 36:] = False
    assigner = MODELS.build(small_assigner(**settings)).eval()
    return assigner(network.see, weak, weak, IMG_LABEL, mask, classes)


@pytest.mark.parametrize('settings', [{}, PAPER])
def test_the_classes_that_no_image_shows_change_nothing(network, settings):
    whole = assign(network, settings)
    some = assign(network, settings, SHOWN)
    assert torch.equal(whole.classes, torch.arange(NUM_CLASSES))
    assert torch.equal(some.classes, SHOWN)
    assert set(some.cam_label.unique().tolist()) <= {0, 2, 5, 255}
    assert {2, 5} & set(some.cam_label.unique().tolist())
    torch.testing.assert_close(some.cam, whole.cam[:, SHOWN])
    channels = torch.tensor([0, 2, 5])
    torch.testing.assert_close(some.seg_prob, whole.seg_prob[:, channels])
    assert torch.equal(
        whole.seg_prob[:, channels].sum(1) > 0.999,
        torch.ones(2, 32, 40, dtype=torch.bool),
    )
    for field in fields(PseudoLabels):
        if field.name not in ('classes', 'cam', 'seg_prob'):
            torch.testing.assert_close(
                getattr(some, field.name), getattr(whole, field.name)
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


def test_all_classes_on_request(network):
    pseudo = assign(network, dict(all_classes=True), SHOWN)
    assert pseudo.cam.shape[1] == NUM_CLASSES
    assert torch.equal(pseudo.classes, torch.arange(NUM_CLASSES))


def test_the_network_runs_in_the_dtype_and_maps_are_float32(network):
    seen = []
    network.backbone.register_forward_hook(
        lambda _, __, out: seen.append(out[0].dtype)
    )
    half = assign(network, dict(PAPER, dtype='bfloat16'))
    assert set(seen) == {torch.bfloat16}
    full = assign(network, PAPER)
    assert half.cam.dtype == half.seg_prob.dtype == torch.float32
    assert not torch.equal(half.cam, full.cam)
    # bfloat16 has three digits; CAMs are stretched to 0..1
    torch.testing.assert_close(half.cam, full.cam, rtol=0, atol=0.1)


def test_an_unknown_dtype():
    with pytest.raises(ValueError, match="assigner.dtype must be 'bfloat16'"):
        MODELS.build(small_assigner(dtype='int8'))
