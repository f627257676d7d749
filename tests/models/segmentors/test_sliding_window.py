from dataclasses import fields

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import MODELS

from cosa_mmseg.models.ops.cam import normalize_cam
from cosa_mmseg.models.segmentors.sliding_window import slide
from cosa_mmseg.structures import NetworkOutput
from tests.models.networks import small_model, small_network


@pytest.fixture
def network():
    return MODELS.build(small_network(4)).eval()


@torch.no_grad()
@pytest.mark.parametrize(
    ('size', 'crop', 'stride'),
    [
        ((32, 32), (16, 16), (8, 8)),
        ((37, 53), (16, 24), (11, 16)),  # no whole number of steps
        ((12, 40), (16, 16), (16, 5)),  # lower than a window
        ((16, 17), (16, 16), (16, 16)),
    ],
)
def test_logits_are_those_of_mmseg(network, size, crop, stride):
    img = torch.randn(2, 3, *size)
    network.test_cfg = ConfigDict(mode='slide', crop_size=crop, stride=stride)
    expected = network.inference(img, [dict(ori_shape=size)] * 2)
    seen = slide(network.forward_heads, img, crop, stride)
    torch.testing.assert_close(seen.seg_logits, expected, rtol=0, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize('crop', [(32, 40), (64, 64)])
def test_one_window_is_the_whole_image(network, crop):
    img = torch.randn(2, 3, 32, 40)
    seen = slide(network.forward_heads, img, crop, (8, 8))
    whole = network.forward_heads(img)
    for field in fields(NetworkOutput):
        torch.testing.assert_close(
            getattr(seen, field.name),
            getattr(whole, field.name),
            rtol=0,
            atol=1e-6,
        )


def test_maps_are_averaged_and_class_scores_are_the_highest():
    def network(img):
        top = img[:, :1, :1, :1]  # the value of the window's first pixel
        maps = top.expand(-1, 2, 2, 2)
        score = top[..., 0, 0].expand(-1, 2)
        return NetworkOutput(maps, maps, maps[:, :1], score, -score)

    img = torch.arange(6.0).expand(1, 3, 4, 6)  # the column's number
    seen = slide(network, img, (4, 4), (2, 2))  # columns 0-3, 2-5
    expected = torch.tensor([0.0, 0, 1, 1, 2, 2]).expand(1, 1, 4, 6)
    assert torch.equal(seen.seg_logits, expected.expand(-1, 2, -1, -1))
    assert torch.equal(seen.cam, expected.expand(-1, 2, -1, -1))
    assert torch.equal(seen.cam_aux, expected)
    assert seen.cls_logits.tolist() == [[2, 2]]
    assert seen.cls_logits_aux.tolist() == [[0, 0]]


def test_predicted_cams_are_normalised_over_the_whole_image():
    windows = dict(mode='slide', crop_size=(16, 16), stride=(8, 8))
    model = MODELS.build(small_model(test_cfg=dict(with_cam=True, **windows)))
    img = torch.randn(1, 3, 32, 48)
    (result,) = model.eval().predict(img)
    with torch.no_grad():
        seen = slide(model.assignment.forward_heads, img, (16, 16), (8, 8))
    cam = normalize_cam(seen.cam.relu())[0]
    torch.testing.assert_close(result.pred_cam.data, cam)
    torch.testing.assert_close(
        result.pred_label.score, seen.cls_logits[0].sigmoid()
    )


def test_windows_slide_over_each_scale():
    sizes = []
    windows = dict(mode='slide', crop_size=(16, 16), stride=(16, 16))
    model = MODELS.build(
        small_model(test_cfg=dict(scales=[0.5, 1.0, 2.0], **windows))
    ).eval()
    model.assignment.backbone.register_forward_hook(
        lambda _, inputs, __: sizes.append(tuple(inputs[0].shape[-2:]))
    )
    logits = model.encode_decode(torch.randn(1, 3, 16, 32))
    assert logits.shape == (1, 4, 16, 32)
    assert sizes == [(8, 16)] + [(16, 16)] * (2 + 8)


def test_half_precision_is_summed_in_float32(network):
    img = torch.randn(1, 3, 32, 32)
    with torch.autocast('cpu', torch.bfloat16), torch.no_grad():
        seen = slide(network.forward_heads, img, (16, 16), (8, 8))
    assert seen.cam.dtype == seen.seg_logits.dtype == torch.float32
