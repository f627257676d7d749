import pytest
import torch

from cosa_mmseg.models.ops.cam import (
    cam_to_label,
    normalize_cam,
    restrict_cam,
    to_class_ids,
)


def test_normalised_maps_span_zero_to_one():
    cam = torch.rand(2, 3, 4, 5) * 7 + torch.tensor([1, 9, 20]).view(3, 1, 1)
    out = normalize_cam(cam)
    assert torch.equal(out.amin((2, 3)), torch.zeros(2, 3))
    assert torch.allclose(out.amax((2, 3)), torch.ones(2, 3), atol=1e-4)
    assert out.max() < 1


@pytest.mark.parametrize('value', [0.0, 5.0])
def test_a_constant_map_becomes_zero(value):
    out = normalize_cam(torch.full((1, 2, 3, 3), value))
    assert torch.equal(out, torch.zeros(1, 2, 3, 3))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_normalised_in_float32(dtype):
    assert normalize_cam(torch.rand(1, 1, 2, 2).to(dtype)).dtype is (
        torch.float32
    )


def test_absent_classes_are_zero():
    cam = torch.rand(1, 3, 2, 2)
    out = restrict_cam(cam, torch.tensor([[1.0, 0.0, 1.0]]))
    assert torch.equal(out[:, 1], torch.zeros(1, 2, 2))
    assert torch.equal(out[:, ::2], cam[:, ::2])


def test_class_count_mismatch_is_named():
    with pytest.raises(ValueError, match=r'\(1, 4, \*, \*\).*\(1, 3, 2, 2\)'):
        restrict_cam(torch.rand(1, 3, 2, 2), torch.ones(1, 4))


def test_ids_of_some_classes():
    label = torch.tensor([[0, 1, 2], [255, 3, 0]])
    ids = to_class_ids(label, torch.tensor([2, 4, 7]))
    assert ids.tolist() == [[0, 3, 5], [255, 8, 0]]


def test_thresholds_by_hand():
    # one row of pixels: v = .1 .3 .6 .9, the last of class 2
    cam = torch.zeros(1, 2, 1, 4)
    cam[0, 0, 0] = torch.tensor([0.1, 0.3, 0.6, 0.2])
    cam[0, 1, 0, 3] = 0.9
    valid = torch.tensor([[[False, True, True, True]]])
    assert cam_to_label(cam, 0.5, valid)[0].tolist() == [[[255, 0, 1, 2]]]


def test_all_absent_is_background():
    valid = torch.ones(1, 2, 2, dtype=torch.bool)
    assert cam_to_label(torch.zeros(1, 3, 2, 2), 0.5, valid)[0].eq(0).all()
