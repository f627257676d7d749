import warnings

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from cosa_mmseg.models.segmentors.features import Feature
from tests.models.networks import small_batch, small_model, small_network

FCN = dict(
    type='mmseg.FCNHead', channels=4, num_convs=1, num_classes=4, in_index=0
)


@MODELS.register_module()
class PyramidBackbone(nn.Module):
    """Four maps of strides 4 to 32 and of 4, 6, 8, 10 channels."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 4, 6, 8, 10)
        self.stages = nn.ModuleList(
            nn.Conv2d(narrow, wide, step, stride=step)
            for narrow, wide, step in zip(
                widths[:-1], widths[1:], (4, 2, 2, 2), strict=True
            )
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(w) for w in widths[1:])

    def forward(self, x):
        outs = []
        for stage, norm in zip(self.stages, self.norms, strict=True):
            x = stage(x)
            outs.append(norm(x))
        return tuple(outs)


@MODELS.register_module()
class TokenBackbone(nn.Module):
    """Gives no map."""

    def forward(self, x):
        return (x.mean((-2, -1)),)


@MODELS.register_module()
class FixedSizeBackbone(nn.Module):
    """Sees images of one size only."""

    def forward(self, x):
        assert x.shape[-1] == 448, "Input height doesn't match model (448)"
        return (x,)


def pyramid_network(**settings):
    heads = dict(type='CAMHead', num_classes=4)
    return {
        **dict(
            type='CAMEncoderDecoder',
            num_classes=4,
            backbone=dict(type='PyramidBackbone'),
            decode_head=dict(FCN, in_index=-1),
            cam_head=heads,
            cam_head_aux=heads,
        ),
        **settings,
    }


def test_widths_and_strides_are_found():
    network = MODELS.build(pyramid_network())
    assert network.features == (
        Feature(4, 4),
        Feature(6, 8),
        Feature(8, 16),
        Feature(10, 32),
    )
    assert network.decode_head.in_channels == 10
    assert network.cam_head.conv_seg.in_channels == 10
    assert network.cam_head_aux.conv_seg.in_channels == 8
    assert all(module.training for module in network.modules())


def test_losses_that_nobody_uses_are_not_spoken_of():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        small_model()


def test_looking_at_the_features_leaves_no_trace():
    torch.manual_seed(1)
    network = MODELS.build(pyramid_network())
    for norm in network.backbone.norms:
        assert norm.num_batches_tracked == 0
        assert torch.equal(norm.running_var, torch.ones_like(norm.running_var))
    torch.manual_seed(1)
    backbone = MODELS.build(dict(type='PyramidBackbone'))
    for name, value in backbone.state_dict().items():
        assert torch.equal(network.backbone.state_dict()[name], value)


def test_heads_on_several_features():
    network = MODELS.build(
        pyramid_network(
            decode_head=dict(
                type='mmseg.SegformerHead',
                in_index=[0, 1, 2, 3],
                channels=8,
                num_classes=4,
            )
        )
    )
    assert network.decode_head.in_channels == [4, 6, 8, 10]
    assert network.forward_heads(
        torch.randn(2, 3, 64, 64)
    ).seg_logits.shape == (
        2,
        4,
        16,
        16,
    )


def test_the_low_level_feature_of_deeplabv3plus():
    network = MODELS.build(
        pyramid_network(
            decode_head=dict(
                type='mmseg.DepthwiseSeparableASPPHead',
                channels=8,
                dilations=(1, 2),
                c1_in_channels=None,
                c1_channels=4,
                num_classes=4,
            )
        )
    )
    bottleneck = network.decode_head.c1_bottleneck.conv
    assert bottleneck.in_channels == 4


@pytest.mark.parametrize(
    'settings, message',
    [
        (
            dict(decode_head=dict(FCN, in_channels=7, in_index=1)),
            r'network\.decode_head\.in_channels=7, but the feature of '
            r'in_index=1 has 6; .*found\. The backbone gives 4 feature\(s\): '
            r'0: 4 channels at stride 4; 1: 6 channels at stride 8',
        ),
        (
            dict(cam_head_aux=dict(type='CAMHead', num_classes=4, in_index=4)),
            r'network\.cam_head_aux\.in_index=4 is out of range: set out_in',
        ),
        (
            dict(auxiliary_head=[dict(FCN, in_channels=9)]),
            r'network\.auxiliary_head\[0\]\.in_channels=9',
        ),
        (
            dict(backbone=dict(type='TokenBackbone')),
            r"tuple of shapes \[\(1, 3\)\]; set out_type='featmap'",
        ),
        (
            dict(backbone=dict(type='FixedSizeBackbone')),
            r'fails on an image of 224 x 224 pixels \(Input height',
        ),
    ],
)
def test_what_does_not_fit_is_said(settings, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(pyramid_network(**settings))


@pytest.mark.parametrize('warmup_iters', [0, 1])
def test_every_parameter_has_a_gradient_in_both_phases(warmup_iters):
    network = pyramid_network(auxiliary_head=[FCN, dict(FCN, in_index=2)])
    cfg = small_model(network=network)
    cfg['train_cfg']['warmup_iters'] = warmup_iters
    model = MODELS.build(cfg).train()
    batch = model.data_preprocessor(small_batch([[0], [1, 2]], 64), True)
    losses = model.loss(**batch)
    sum(v for k, v in losses.items() if k.startswith('loss')).backward()
    for name, parameter in model.online.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    head = model.online.auxiliary_head[1].conv_seg.weight
    assert head.grad.any() == (warmup_iters == 0)


def test_auxiliary_heads_learn_from_the_same_labels_by_their_weight():
    loss = dict(type='mmseg.CrossEntropyLoss', loss_weight=0.4)
    head = dict(small_network(4)['decode_head'], loss_decode=loss)
    network = dict(small_network(4), auxiliary_head=head)
    model = MODELS.build(small_model(network=network)).train()
    model.online.auxiliary_head.load_state_dict(
        model.online.decode_head.state_dict()
    )
    batch = model.data_preprocessor(small_batch([[0], [1, 2]]), True)
    losses = model.loss(**batch)
    assert losses['loss_c2s'] > 0
    torch.testing.assert_close(
        losses['loss_c2s_aux_0'], 0.4 * losses['loss_c2s']
    )


def test_auxiliary_heads_are_not_run_where_nobody_learns():
    network = MODELS.build(pyramid_network(auxiliary_head=FCN)).eval()
    assert (
        network.forward_heads(torch.randn(1, 3, 64, 64)).seg_logits_aux == ()
    )
