import math
from types import SimpleNamespace

import pytest
import torch

from cosa_mmseg.models import losses
from cosa_mmseg.models.losses.contrastive_separation_loss import (
    pixel_info_nce,
)
from tests.models.losses.calls import ContrastiveSeparationLoss
from tests.oracles.contrastive import contrastive_separation


@pytest.fixture
def batch():
    """CAM, labels, perplexity, image labels: one, two and no class present."""
    generator = torch.Generator().manual_seed(0)
    cam = torch.randn(3, 4, 5, 6, generator=generator)
    img_label = torch.tensor([[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]])
    label = torch.zeros(3, 15, 12, dtype=torch.long)
    drawn = torch.rand(3, 15, 12, generator=generator)
    label[0][drawn[0] > 0.6] = 2
    label[1][drawn[1] > 0.3] = 1
    label[1][drawn[1] > 0.7] = 4
    label[:2, :3] = 255
    perplexity = 1.5 * torch.rand(3, 15, 12, generator=generator)
    return [cam, label, perplexity, img_label]


def _one_row(values, label):
    """Inputs of one image with one row of pixels and one present class."""
    cam = torch.tensor([[[values]]], requires_grad=True)
    label = torch.tensor([[label]])
    return cam, label, torch.zeros(label.shape), torch.ones(1, 1)


@pytest.mark.parametrize('temperature', [0.07, 0.5])
@pytest.mark.parametrize('max_perplexity', [0.8, 1.0])
@pytest.mark.parametrize('scale', [1e-3, 1.0, 50.0])
@pytest.mark.parametrize('pairs', ['classes', 'binary'])
def test_equals_the_loop_form(
    batch, temperature, max_perplexity, scale, pairs
):
    settings = dict(
        temperature=temperature, max_perplexity=max_perplexity, pairs=pairs
    )
    batch[0] = scale * batch[0]
    got = ContrastiveSeparationLoss(**settings, loss_weight=1.0)(*batch)
    expected = contrastive_separation(*batch, **settings)
    assert expected > 0
    assert got.item() == pytest.approx(expected, rel=1e-5)


def test_by_hand():
    # b = sqrt((1 + 1 + 1) / 3) = 1: the angles to it are 45, 45, -45 degrees.
    # The third pixel has no positive; each of the others has similarity 1 to
    # its positive and 0 to its negative.
    inputs = _one_row([1.0, 1.0, -1.0], [1, 1, 0])
    got = ContrastiveSeparationLoss(temperature=0.5)(*inputs)
    by_hand = 0.1 * math.log(1 + math.exp(-2))
    assert got.item() == pytest.approx(by_hand, rel=1e-5)


def test_partners_that_do_not_count_add_nothing_to_the_least_scores():
    # t = .01: the first anchor's positive and negative both have -100, the
    # second's 100 to its negative; the third has no positive
    vectors = torch.tensor([[[1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]]])
    got = pixel_info_nce(vectors, torch.tensor([[1, 1, 0]]), 0.01)
    assert got.item() == pytest.approx((math.log(2) + 200) / 2, rel=1e-5)


def test_reads_the_middle_of_a_patch():
    cam = torch.tensor([[[[1.0, 1.0, -1.0]]]])
    label = torch.full((1, 16, 48), 255)
    label[:, 8, 8::16] = torch.tensor([1, 1, 0])
    perplexity = torch.full(label.shape, math.inf)
    perplexity[:, 8, 8::16] = 1
    got = ContrastiveSeparationLoss()(cam, label, perplexity, torch.ones(1, 1))
    by_hand = 0.1 * math.log(1 + math.exp(-2))
    assert got.item() == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize(
    'label',
    [[255, 255, 255, 255], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 255, 255]],
    ids=['ignored', 'background', 'foreground', 'no positive'],
)
def test_without_a_pair_is_zero_with_a_gradient(label):
    inputs = _one_row([1.0, -2.0, 0.5, 3.0], label)
    loss = ContrastiveSeparationLoss()(*inputs)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(inputs[0].grad, torch.zeros_like(inputs[0]))


@pytest.mark.parametrize('value', [1.01, math.inf, math.nan])
def test_unsure_pixels_take_no_part(batch, value):
    cam, label, perplexity, img_label = batch
    criterion = ContrastiveSeparationLoss()
    unsure = torch.zeros(5, 6, dtype=torch.bool)
    unsure[2:4, 1:4] = True
    large = unsure.repeat_interleave(3, 0).repeat_interleave(2, 1)
    ignored = label.masked_fill(large, 255)
    expected = criterion(cam, ignored, perplexity, img_label)
    perplexity = perplexity.masked_fill(large, value)
    other = torch.where(unsure, cam + 9, cam).requires_grad_()
    got = criterion(other, label, perplexity, img_label)
    got.backward()
    assert torch.allclose(got, expected)
    assert not other.grad[..., unsure].any()
    assert other.grad.any()


def test_absent_classes_do_not_matter(batch):
    cam, label, perplexity, img_label = batch
    criterion = ContrastiveSeparationLoss()
    expected = criterion(*batch)
    absent = (img_label == 0)[:, :, None, None].expand_as(cam)
    other = cam.masked_fill(absent, math.inf)
    other = torch.cat([other, torch.randn(3, 60, 5, 6)], 1).requires_grad_()
    more = torch.cat([img_label, torch.zeros(3, 60)], dim=1)
    got = criterion(other, label, perplexity, more)
    got.backward()
    torch.testing.assert_close(got, expected)
    assert not other.grad[:, :4][absent].any()
    assert not other.grad[:, 4:].any()


def test_images_do_not_see_each_other(batch):
    criterion = ContrastiveSeparationLoss()
    cam = batch[0].requires_grad_()
    criterion(cam, *batch[1:]).backward()
    alone = cam.detach()[:1].requires_grad_()
    criterion(alone, *(x[:1] for x in batch[1:])).backward()
    # The mean runs over the anchors of both images: only the scale differs.
    pair = torch.stack([cam.grad[0].flatten(), alone.grad.flatten()])
    assert torch.corrcoef(pair)[0, 1] == pytest.approx(1, abs=1e-5)


def test_free_of_the_scale_of_a_cam(batch):
    criterion = ContrastiveSeparationLoss()
    scaled = batch[0] * torch.tensor([0.1, 30.0, 5.0])[:, None, None, None]
    torch.testing.assert_close(
        criterion(*batch), criterion(scaled, *batch[1:]), rtol=1e-4, atol=0.0
    )


def test_gradcheck(batch):
    cam, label, perplexity, img_label = batch
    criterion = ContrastiveSeparationLoss(loss_weight=1.0)
    assert torch.autograd.gradcheck(
        lambda x: criterion(x, label, perplexity, img_label),
        cam.double().requires_grad_(),
    )


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(batch, dtype):
    criterion = ContrastiveSeparationLoss()
    half = batch[0].to(dtype).requires_grad_()
    full = half.detach().float().requires_grad_()
    expected = criterion(full, *batch[1:])
    with torch.autocast('cpu', dtype):
        got = criterion(half, batch[1], batch[2], batch[3].to(dtype))
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, expected)
    got.backward()
    expected.backward()
    torch.testing.assert_close(half.grad, full.grad.to(dtype))


@pytest.mark.parametrize('value', [0.0, 1e-20, -1e-4, 6e4])
@pytest.mark.parametrize('temperature', [0.01, 0.5])
def test_constant_cam_is_finite(batch, value, temperature):
    cam = torch.full_like(batch[0], value).requires_grad_()
    loss = ContrastiveSeparationLoss(temperature)(cam, *batch[1:])
    loss.backward()
    assert loss > 0 and loss.isfinite()
    assert cam.grad.isfinite().all()


@pytest.mark.parametrize('num_present', [1, 2])
@pytest.mark.parametrize('scale', [0.1, 20.0])
def test_descent_parts_foreground_from_background(num_present, scale):
    # As CAMs are: too wide, positive nearly everywhere, classes overlapping.
    label = torch.zeros(1, 14, 14, dtype=torch.long)
    label[:, 2:7, 2:12] = 1
    label[:, 7:12, 2:12] = num_present
    target = torch.nn.functional.one_hot(label, 4)[..., 1:].movedim(-1, 1)
    img_label = target.flatten(2).amax(2)
    cam = 3 + 3 * target + 2 * torch.randn(target.shape)
    cam = (scale * cam).requires_grad_()
    criterion = ContrastiveSeparationLoss()
    optimizer = torch.optim.Adam([cam], lr=0.05 * scale)
    inside, outside = _sides(cam, label, num_present)
    assert inside.min() < outside.max() - 3 * scale
    for _ in range(200):
        optimizer.zero_grad()
        criterion(cam, label, torch.zeros(label.shape), img_label).backward()
        optimizer.step()
    inside, outside = _sides(cam, label, num_present)
    assert inside.min() > 0 > outside.max()


def _sides(cam, label, num_present):
    """CAM of each pixel's own class, and of the classes in the background."""
    maps = cam.detach()[0, :num_present].flatten(1)
    label = label.flatten()
    own = [maps[c, label == c + 1] for c in range(num_present)]
    return torch.cat(own), maps[:, label == 0]


def test_inputs_are_not_changed(batch):
    before = [tensor.clone() for tensor in batch]
    ContrastiveSeparationLoss()(*batch)
    assert all(torch.equal(a, b) for a, b in zip(batch, before, strict=True))


@pytest.mark.parametrize(
    ('index', 'cut', 'message'),
    [
        (0, (slice(None), slice(3)), r'cam .*\(3, 4, \*.*\(3, 3, 5, 6\)'),
        (1, (slice(2),), r'label .*\(3, 15, 12\), .*\(2, 15, 12\)'),
        (1, (slice(None), 0), r'label .*\(3, 3, 12\), .*\(3, 12\)'),
        (2, (slice(None), slice(9)), r'perplexity .* got .*\(3, 9, 12\)'),
        (3, (slice(2),), r'cam .*\(2, 4, \*, \*\), .*\(3, 4, 5, 6\)'),
    ],
)
def test_wrong_shape_is_named(batch, index, cut, message):
    batch[index] = batch[index][cut]
    with pytest.raises(ValueError, match=message):
        ContrastiveSeparationLoss()(*batch)


@pytest.mark.parametrize('name', ['temperature', 'max_perplexity'])
@pytest.mark.parametrize('value', [0.0, -1.0])
def test_settings_are_positive(name, value):
    with pytest.raises(ValueError, match=name):
        ContrastiveSeparationLoss(**{name: value})


def test_share_of_the_pixels_that_may_take_part():
    loss = losses.ContrastiveSeparationLoss(max_perplexity=1.0)
    label = torch.tensor([[[0, 2, 255, 1], [0, 0, 1, 1]]])
    perplexity = torch.tensor(
        [[[0.5, 1.0, 0.1, 1.5], [float('inf'), float('nan'), 0.0, 0.9]]]
    )
    pseudo = SimpleNamespace(cam_label_aux=label, perplexity_aux=perplexity)
    assert loss.statistics(pseudo)['csc_share'].item() == 4 / 8
