import math

import pytest
import torch

from cosa_mmseg.models import losses
from tests.models.losses.calls import S2CCrossEntropyLoss, S2CLoss

LOSSES = [
    S2CLoss(),
    S2CLoss('none'),
    S2CLoss('scale'),
    S2CCrossEntropyLoss(),
]


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    cam = torch.randn(2, 3, 4, 5, generator=generator)
    prob = torch.randn(2, 4, 8, 10, generator=generator).softmax(dim=1)
    return cam, prob


def test_by_hand():
    # sigmoid(0) = .5 everywhere: the term is log 2 for any target
    prob = torch.tensor([[[[0.3]], [[0.7]]]])
    loss = S2CLoss('none')(torch.zeros(1, 1, 1, 1), prob)
    assert loss.item() == pytest.approx(math.log(2), rel=1e-5)
    # x = 2, T = .7: -(.7 log s(2) + .3 log s(-2))
    loss = S2CLoss(loss_weight=3.0)(torch.full((1, 1, 1, 1), 2.0), prob)
    term = 0.7 * math.log1p(math.exp(-2)) + 0.3 * math.log1p(math.exp(2))
    assert loss.item() == pytest.approx(3 * term, rel=1e-5)


def test_hard_labels_by_hand():
    # r = (0, 4): n = (0, 4 / 4.0001), so that the scores of the two pixels
    # are (1, 0) and nearly (0, 1).  The first label, background, has exactly
    # the probability that is not enough, the second a little more.
    cam = torch.tensor([[[[-1.0, 4.0]]]])
    prob = torch.tensor([[[[0.25, 0.1]], [[0.2, 0.26]]]])
    loss = S2CCrossEntropyLoss(fg_share=0.3)(cam, prob)
    term = math.log1p(math.exp(-1))
    assert loss.item() == pytest.approx(0.3 * term, rel=1e-4)
    prob[0, 0, 0, 0] = 0.251
    loss = S2CCrossEntropyLoss(fg_share=0.3)(cam, prob)
    assert loss.item() == pytest.approx(term, rel=1e-4)


def test_relu_stops_the_gradient_of_negative_scores(batch):
    cam = batch[0].requires_grad_()
    S2CLoss('relu')(cam, batch[1]).backward()
    assert (cam.grad[cam < 0] == 0).all()
    assert (cam.grad[cam > 0] != 0).all()


def test_auxiliary_share(batch):
    cam, prob = batch
    aux = cam.flip(0)
    got = S2CLoss(aux_share=0.25)(cam, prob, aux)
    loss = S2CLoss()
    assert torch.allclose(got, 0.75 * loss(cam, prob) + 0.25 * loss(aux, prob))


@pytest.mark.parametrize('loss', LOSSES)
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('value', [0.0, -3.0, 1.0])
def test_constant_maps_are_finite_with_a_gradient(loss, dtype, value):
    cam = torch.full((1, 3, 4, 4), value, dtype=dtype, requires_grad=True)
    prob = torch.zeros(1, 4, 8, 8)
    prob[:, 0] = 1
    result = loss(cam, prob)
    result.backward()
    assert result.isfinite()
    assert cam.grad.isfinite().all()


def test_all_below_confidence_is_zero_with_a_gradient(batch):
    cam = batch[0].requires_grad_()
    loss = S2CCrossEntropyLoss(confidence=1.0)(cam, batch[1])
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(cam.grad, torch.zeros_like(cam))


@pytest.mark.parametrize('loss', LOSSES)
def test_gradcheck(loss, batch):
    cam, prob = (tensor.double() for tensor in batch)
    assert torch.autograd.gradcheck(
        lambda x: loss(x, prob), cam.requires_grad_()
    )


@pytest.mark.parametrize('loss', LOSSES)
def test_wrong_class_count_is_named(loss, batch):
    with pytest.raises(
        ValueError, match=r'\(2, 4, \*, \*\), .*\(2, 3, 8, 10\)'
    ):
        loss(batch[0], batch[1][:, :3])


def test_an_unknown_activation_is_named():
    with pytest.raises(ValueError, match='activation'):
        losses.S2CLoss('tanh')
