import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cosa_mmseg.models.ops import (
    permutohedral,
    upsampled_logits,
)
from tests import golden
from tests.models.losses.calls import DenseEnergyLoss
from tests.oracles.dense_energy import dense_energy
from tests.waits import NoWaits

MEAN = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
STD = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)


@pytest.fixture
def batch():
    """Logits, images, labels and valid masks of two 12 x 16 images."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 4, 12, 16, generator=generator)
    img = 255 * torch.rand(2, 3, 12, 16, generator=generator)
    label = torch.randint(0, 4, (2, 12, 16), generator=generator)
    valid = torch.ones(2, 12, 16, dtype=torch.bool)
    valid[1, 8:] = False
    label[~valid] = 255
    label[0, 3:7, 4:9] = 255
    img[1, :, 8:] = 0
    return [logits.requires_grad_(), img, label, valid]


def _golden_batch():
    data = golden.load_tensors('dense_energy_loss')
    label = data['in_labels_mask'].long()
    valid = torch.zeros_like(label, dtype=torch.bool)
    for mask, box in zip(valid, data['in_boxes'], strict=True):
        top, bottom, left, right = box
        mask[top:bottom, left:right] = True
    img = data['in_images_normalised'] * STD + MEAN
    return data, [data['in_logits'].requires_grad_(), img, label, valid]


def test_golden_value_and_gradient():
    data, inputs = _golden_batch()
    loss = DenseEnergyLoss()(*inputs)
    loss.backward()
    assert loss.shape == ()
    expected, grad = data['out_loss'], data['out_grad_logits']
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=5e-9)
    error = (inputs[0].grad - grad).abs().max()
    assert error < min(2e-7, 1e-4 * grad.abs().max())


def test_equals_loop_form(batch):
    logits, img, label, valid = batch
    logits = logits.detach().double().requires_grad_()
    criterion = DenseEnergyLoss(20.0, 8.0, energy_weight=0.01, loss_weight=3.0)
    loss = criterion(logits, img.double(), label, valid)
    loss.backward()
    value, grad = dense_energy(
        logits.detach().numpy(),
        img.double().numpy(),
        label.numpy(),
        valid.numpy(),
        sigma_rgb=20.0,
        sigma_xy=4.0,
        weight=0.03,
    )
    assert loss.item() == pytest.approx(value, rel=1e-10)
    # Pull the oracle's gradient back through the mean of 2 x 2 and softmax.
    again = logits.detach().clone().requires_grad_()
    small = F.avg_pool2d(again.softmax(1), 2)
    small.backward(torch.from_numpy(grad))
    np.testing.assert_allclose(logits.grad, again.grad, rtol=1e-8, atol=1e-14)


def test_factor_two_and_constant_gate_by_hand():
    # One pixel, K = 2, p = (3/4, 1/4), ignored: gate 1.  The filter of one
    # pixel at the origin of the lattice is a constant c times the value, so
    # that L = -c * (9/16 + 1/16) and the gradient is -2 * c * p.
    logits = torch.tensor([3.0, 1.0], dtype=torch.float64).log()
    logits = logits.view(1, 2, 1, 1).requires_grad_()
    img = torch.zeros(1, 3, 1, 1, dtype=torch.float64)
    label = torch.full((1, 1, 1), 255)
    valid = torch.ones(1, 1, 1, dtype=torch.bool)
    criterion = DenseEnergyLoss(scale_factor=1.0, energy_weight=1.0)
    loss = criterion(logits, img, label, valid)
    loss.backward()
    factor = -loss.item() / (10 / 16)
    assert 0.9 < factor < 1.5
    to_prob = -2 * factor * torch.tensor([0.75, 0.25], dtype=torch.float64)
    # Softmax: p_k * (g_k - sum_l p_l g_l).
    mean = 0.75 * to_prob[0] + 0.25 * to_prob[1]
    by_hand = torch.tensor([0.75, 0.25]) * (to_prob - mean)
    torch.testing.assert_close(logits.grad.flatten(), by_hand)
    # Labelled, the gate is 1 - 3/4 and scales both.
    again = logits.detach().clone().requires_grad_()
    labelled = criterion(again, img, torch.zeros_like(label), valid)
    labelled.backward()
    torch.testing.assert_close(labelled, loss / 4)
    torch.testing.assert_close(again.grad, logits.grad / 4)


def test_rewards_agreement_of_like_pixels():
    img = torch.zeros(1, 3, 16, 16)
    img[..., 8:] = 255
    label = torch.full((1, 16, 16), 255)
    valid = torch.ones(1, 16, 16, dtype=torch.bool)
    along = torch.zeros(1, 2, 16, 16)
    along[:, 0, :, :8] = along[:, 1, :, 8:] = 5
    criterion = DenseEnergyLoss()
    across = along.mT.contiguous()
    assert criterion(along, img, label, valid) < criterion(
        across, img, label, valid
    )


def test_all_ignored_is_finite(batch):
    batch[2] = torch.full_like(batch[2], 255)
    loss = DenseEnergyLoss()(*batch)
    loss.backward()
    assert loss.isfinite() and loss < 0
    assert batch[0].grad.isfinite().all() and batch[0].grad.any()


@pytest.mark.parametrize('ignored', [True, False])
def test_nothing_valid_is_zero_with_gradient(batch, ignored):
    batch[3] = torch.zeros_like(batch[3])
    if ignored:
        batch[2] = torch.full_like(batch[2], 255)
    loss = DenseEnergyLoss()(*batch)
    loss.backward()
    assert loss == 0
    assert torch.equal(batch[0].grad, torch.zeros_like(batch[0]))


def test_confident_and_labelled_is_zero(batch):
    logits, img, label, valid = batch
    logits = 1e4 * F.one_hot(torch.zeros_like(label), 4).movedim(-1, 1)
    label = torch.zeros_like(label)
    loss = DenseEnergyLoss()(logits.float(), img, label, valid)
    assert loss == 0


def test_constant_image_and_logits(batch):
    logits, img, label, valid = batch
    logits = torch.zeros_like(logits).requires_grad_()
    loss = DenseEnergyLoss()(logits, torch.full_like(img, 90), label, valid)
    loss.backward()
    assert loss.isfinite() and loss < 0
    # Every class is pulled alike: softmax turns that into no gradient.
    assert logits.grad.abs().max() < 1e-12


def test_padding_gets_no_gradient(batch):
    batch[2][1] = 255
    DenseEnergyLoss(energy_weight=1.0)(*batch).backward()
    grad = batch[0].grad
    assert grad[1, :, :8].any()
    assert not grad[1, :, 8:].any()


def test_images_of_a_batch_are_apart(batch):
    criterion = DenseEnergyLoss(energy_weight=1.0)
    together = criterion(*batch)
    together.backward()
    alone = []
    for i in range(2):
        logits, img, label, valid = (x[i, None].detach() for x in batch)
        logits.requires_grad_()
        alone.append(criterion(logits, img, label, valid))
        (grad,) = torch.autograd.grad(alone[i], logits)
        torch.testing.assert_close(batch[0].grad[i, None], grad / 2)
    torch.testing.assert_close(together, sum(alone) / 2)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_float32(batch, dtype):
    criterion = DenseEnergyLoss(energy_weight=1.0)
    half = batch[0].detach().to(dtype).requires_grad_()
    full = half.detach().float().requires_grad_()
    expected = criterion(full, *batch[1:])
    with torch.autocast('cpu', torch.bfloat16):
        loss = criterion(half, *batch[1:])
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, expected)
    loss.backward()
    expected.backward()
    assert half.grad.dtype == dtype
    torch.testing.assert_close(half.grad, full.grad.to(dtype))


def test_odd_sizes(batch):
    logits, img, label, valid = (x[..., :11, :15].detach() for x in batch)
    logits.requires_grad_()
    criterion = DenseEnergyLoss(energy_weight=1.0)
    loss = criterion(logits, img, label, valid)
    loss.backward()
    # The last row and column have no partner and are left out.
    even = (x[..., :10, :14].detach() for x in (logits, img, label, valid))
    torch.testing.assert_close(loss, criterion(*even))
    assert logits.grad.isfinite().all()


def test_a_second_derivative_is_refused(batch):
    value = DenseEnergyLoss(scale_factor=1.0)(*batch).square()
    (grad,) = torch.autograd.grad(value, batch[0], create_graph=True)
    with pytest.raises(RuntimeError, match='once_differentiable'):
        grad.sum().backward()


def test_inputs_unchanged(batch):
    copies = [x.detach().clone() for x in batch]
    DenseEnergyLoss()(*batch).backward()
    for tensor, copy in zip(batch, copies, strict=True):
        assert torch.equal(tensor, copy)


@pytest.mark.parametrize('scale_factor', [0.25, 0.5, 0.75, 1.0])
def test_scales_follow_the_resized_softmax(batch, scale_factor):
    logits, img, label, valid = batch
    criterion = DenseEnergyLoss(scale_factor=scale_factor, energy_weight=1.0)
    loss = criterion(*batch)
    loss.backward()
    # at full size, of inputs that are resized beforehand
    whole = DenseEnergyLoss(
        sigma_xy=100 * scale_factor, scale_factor=1.0, energy_weight=1.0
    )
    again = logits.detach().clone().requires_grad_()
    small = F.interpolate(
        again.softmax(1), scale_factor=scale_factor, mode='bilinear'
    )
    maps = (img, label[:, None].float(), valid[:, None].float())
    maps = [F.interpolate(x, scale_factor=scale_factor) for x in maps]
    expected = whole(
        small.log(), maps[0], maps[1][:, 0].long(), maps[2][:, 0].bool()
    )
    expected.backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(logits.grad, again.grad)


def test_never_waits_for_a_gpu(batch, monkeypatch):
    criterion = DenseEnergyLoss(energy_weight=1.0)
    expected = criterion(*batch)
    expected.backward()
    logits = batch[0].detach().clone().requires_grad_()
    for module in (upsampled_logits, permutohedral):
        monkeypatch.setattr(module, 'on_host', lambda x: False)
    with NoWaits():
        loss = criterion(logits, *batch[1:])
        loss.backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(logits.grad, batch[0].grad)


@pytest.mark.gpu
def test_cuda_equals_cpu_and_never_waits(batch):
    criterion = DenseEnergyLoss(energy_weight=1.0)
    expected = criterion(*batch)
    expected.backward()
    logits, *rest = (x.detach().cuda() for x in batch)
    logits.requires_grad_()
    criterion(logits, *rest).backward()  # libraries start
    logits.grad = None
    torch.cuda.set_sync_debug_mode('error')
    try:
        loss = criterion(logits, *rest)
        loss.backward()
    finally:
        torch.cuda.set_sync_debug_mode('default')
    torch.testing.assert_close(loss.cpu(), expected, rtol=1e-5, atol=0.0)
    error = (logits.grad.cpu() - batch[0].grad).abs().max()
    assert error < 1e-4 * batch[0].grad.abs().max()


def test_the_defaults_are_the_released_codes(batch):
    batch[1] = batch[1] / 20  # calm: the sigmas matter
    loss = DenseEnergyLoss(loss_weight=2.0)(*batch)
    released = DenseEnergyLoss(15.0, 100.0, 0.5, 1e-7)(*batch)
    torch.testing.assert_close(loss, 2 * released, rtol=1e-6, atol=0.0)


@pytest.mark.parametrize(
    ('index', 'name', 'shape'),
    [
        (0, 'seg_logits', (2, 12, 16)),
        (1, 'img', (2, 4, 12, 16)),
        (1, 'img', (2, 3, 12, 15)),
        (2, 'label', (2, 1, 12, 16)),
        (3, 'valid_mask', (1, 12, 16)),
    ],
)
def test_wrong_shape(batch, index, name, shape):
    batch[index] = torch.zeros(shape)
    shown = str(shape).replace('(', r'\(').replace(')', r'\)')
    with pytest.raises(ValueError, match=f'^{name} must .* {shown}$'):
        DenseEnergyLoss()(*batch)


@pytest.mark.parametrize('scale_factor', [0, -0.5, 1.5])
def test_wrong_scale(scale_factor):
    with pytest.raises(ValueError, match=f'scale_factor .* {scale_factor}'):
        DenseEnergyLoss(scale_factor=scale_factor)
