"""Whatever a batch holds, losses and gradients of a whole step are finite."""

import copy

import pytest
import torch
from mmengine.registry import MODELS

from cosa_mmseg.models.decode_heads import CAMHead
from cosa_mmseg.structures import NetworkOutput
from tests.models.losses import calls
from tests.models.networks import small_batch
from tests.models.segmentors.steps import build, paper_recipe, released_recipe

LABELS = [[0], [1, 2]]


def plain(model, monkeypatch):
    """Nothing out of the ordinary, so that the others differ in one thing."""


def nothing_valid(model, monkeypatch):
    return dict(box=(0, 0, 0, 0))


def one_pixel_valid(model, monkeypatch):
    return dict(box=(31, 32, 31, 32))


def no_label(model, monkeypatch):
    return dict(labels=[[], []])


def one_label(model, monkeypatch):
    return dict(labels=[[2], [2]])


def all_labels(model, monkeypatch):
    return dict(labels=[[0, 1, 2], [0, 1, 2]])


def batch_of_one(model, monkeypatch):
    return dict(labels=[[1]])


def black(model, monkeypatch):
    return dict(colour=0)


def white(model, monkeypatch):
    return dict(colour=255)


def zero_cam(model, monkeypatch):
    for network in (model.online, model.assignment):
        for head in (network.cam_head, network.cam_head_aux):
            head.conv_seg.weight.data.zero_()


def negative_cam(model, monkeypatch):
    raw = CAMHead.forward
    monkeypatch.setattr(
        CAMHead, 'forward', lambda head, feats: -raw(head, feats).abs() - 1
    )


def scale_heads(model, factor):
    """Multiply what all heads of both networks say."""
    for network in (model.online, model.assignment):
        heads = (network.decode_head, network.cam_head, network.cam_head_aux)
        for head in heads:
            head.conv_seg.weight.data.mul_(factor)


def huge_outputs(model, monkeypatch):
    scale_heads(model, 1e6)


def tiny_outputs(model, monkeypatch):
    scale_heads(model, 1e-20)


def thresholds(model):
    """The dynamic ones; none in the released recipe."""
    labelers = (model.assigner.cam_labeler, model.assigner.cam_labeler_aux)
    return [
        labeler.threshold
        for labeler in labelers
        if hasattr(labeler, 'threshold')
    ]


def fill_queues(model, values):
    for threshold in thresholds(model):
        threshold.queue.copy_(values.expand_as(threshold.queue))
        threshold.num_images = 1  # what the batch brings changes one row


def one_confidence(model, monkeypatch):
    fill_queues(model, torch.tensor(0.7))


def two_confidences(model, monkeypatch):
    fill_queues(model, torch.tensor([0.06, 1.0]).repeat(32))


def modes_at_the_ends(model, monkeypatch):
    values = torch.full((64,), 1.0)
    values[0] = 0.0501
    fill_queues(model, values)


def outliers_in_the_queue(model, monkeypatch):
    fill_queues(model, torch.tensor([float('inf'), float('nan')]).repeat(32))


SITUATIONS = [
    plain,
    nothing_valid,
    one_pixel_valid,
    no_label,
    one_label,
    all_labels,
    batch_of_one,
    black,
    white,
    zero_cam,
    negative_cam,
    huge_outputs,
    tiny_outputs,
    one_confidence,
    two_confidences,
    modes_at_the_ends,
    outliers_in_the_queue,
]


def make_batch(labels=LABELS, box=None, colour=None):
    """A collated batch of the situation."""
    batch = small_batch(labels)
    for sample in batch['data_samples']:
        if box is not None:
            sample.set_metainfo(dict(valid_box=box))
    if colour is not None:
        for views in batch['inputs'].values():
            for view in views:
                view.fill_(colour)
    return batch


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    'recipe',
    [paper_recipe, pytest.param(released_recipe, marks=pytest.mark.slow)],
)
@pytest.mark.parametrize('situation', SITUATIONS)
def test_losses_and_gradients_are_finite(
    situation, recipe, dtype, monkeypatch
):
    model = build(recipe())
    model.warmup_iters = 0
    batch = make_batch(**(situation(model, monkeypatch) or {}))
    for _ in range(2):  # the second with thresholds that the first one moved
        data = model.data_preprocessor(copy.deepcopy(batch), training=True)
        half = dtype != torch.float32
        with torch.autocast('cpu', torch.bfloat16, enabled=half):
            losses = model.loss(**data)
        assert not [k for k, v in losses.items() if not v.isfinite()]
        model.parse_losses(losses)[0].backward()
    for name, parameter in model.online.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
    for threshold in thresholds(model):
        assert 0 < threshold.xi < 1
        assert 0 < threshold() < 1


def huge(*shape):
    """float16 of the largest numbers but a few, of both signs."""
    values = torch.randn(*shape).sign() * 6e4
    return values.half().requires_grad_()


def loss_of(name, logits, cam, cls_logits):
    """A loss of the names below, on what a network in fp16 could say."""
    label = torch.randint(0, 4, (2, 16, 16))
    prob = torch.rand(2, 4, 16, 16).softmax(dim=1)
    perplexity = torch.rand(2, 16, 16)
    img = 255 * torch.rand(2, 3, 16, 16)
    img_label = torch.tensor([[1.0, 0, 1], [0, 1, 0]])
    if name == 'CAMHead':
        head = MODELS.build(dict(type=name, in_channels=8, num_classes=4))
        return head.loss_by_label(cls_logits, img_label)
    args = {
        'C2SLoss': (logits, label, label),
        'S2CLoss': (cam, prob),
        'S2CCrossEntropyLoss': (cam, prob),
        'ContrastiveSeparationLoss': (cam, label, perplexity, img_label),
        'DenseEnergyLoss': (logits, img, label, label >= 0),
    }
    return getattr(calls, name)()(*args[name])


@pytest.mark.parametrize(
    'name',
    [
        'C2SLoss',
        'S2CLoss',
        'S2CCrossEntropyLoss',
        'ContrastiveSeparationLoss',
        'DenseEnergyLoss',
        'CAMHead',
    ],
)
def test_losses_of_the_largest_halves_are_finite(name):
    inputs = [huge(2, 4, 16, 16), huge(2, 3, 4, 4), huge(2, 3)]
    loss = loss_of(name, *inputs)
    assert loss.dtype == torch.float32
    assert loss.isfinite()
    loss.backward()
    (used,) = (x for x in inputs if x.grad is not None)
    assert used.grad.isfinite().all()


def test_sums_over_views_of_the_largest_halves_are_finite():
    def network(img):
        num = len(img)
        maps = [huge(num, channels, 4, 4) for channels in (4, 3, 3)]
        return NetworkOutput(*maps, huge(num, 3), huge(num, 3))

    views = dict(type='MultiScaleInference', scales=[1.0, 0.5])
    seen = MODELS.build(views)(network, torch.rand(2, 3, 16, 16))
    for name in ('seg_logits', 'cam', 'cam_aux', 'cls_logits'):
        maps = getattr(seen, name)
        assert maps.dtype == torch.float32, name
        assert maps.isfinite().all(), name
