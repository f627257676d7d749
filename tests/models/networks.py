"""Small networks that the tests share."""

import torch
from mmengine.registry import MODELS
from mmengine.structures import LabelData
from mmseg.structures import SegDataSample
from torch import nn

from cosa_mmseg.interop.weights_in.names import timm_names
from cosa_mmseg.interop.weights_in.released import rename_heads


def tiny_vit_network(settings: dict, num_classes: int) -> dict:
    """Config of the goldens' tiny ViT network.

    Args:
        settings (dict): ``tiny_vit`` of the manifest.
        num_classes (int): K.

    Returns:
        dict: Config of a ``CAMEncoderDecoder``.
    """
    depth, width = settings['depth'], settings['embed']
    outs = sorted({depth + settings['aux_layer'], depth - 1})
    head = dict(
        type='CAMHead',
        in_channels=width,
        pooling=settings.get('pooling', 'max'),
    )
    return dict(
        type='CAMEncoderDecoder',
        num_classes=num_classes,
        backbone=dict(
            type='mmpretrain.VisionTransformer',
            arch=dict(
                embed_dims=width,
                num_layers=depth,
                num_heads=settings['heads'],
                feedforward_channels=int(width * settings['mlp_ratio']),
            ),
            img_size=settings['img_size'],
            patch_size=settings['patch'],
            qkv_bias=settings['qkv_bias'],
            norm_cfg=dict(type='LN', eps=settings['norm_eps']),
            out_indices=outs,
            out_type='featmap',
        ),
        decode_head=large_fov(
            width, settings['head_width'], settings['dilation']
        ),
        cam_head=dict(head, in_index=len(outs) - 1),
        cam_head_aux=dict(head, in_index=0),
        frozen=[r'backbone\.pos_embed', r'decode_head\..*bias'],
    )


def large_fov(in_channels: int, width: int, dilation: int) -> dict:
    """Config of LargeFOV as mmseg's FCNHead."""
    return dict(
        type='mmseg.FCNHead',
        in_channels=in_channels,
        in_index=-1,
        channels=width,
        num_convs=2,
        dilation=dilation,
        concat_input=False,
        norm_cfg=None,
        dropout_ratio=0,
    )


def load_released(network: nn.Module, data: dict, prefix: str) -> None:
    """Load a golden's weights ``<prefix><name>`` into a network."""
    network.load_state_dict(released_state(network, data, prefix))


def released_state(network: nn.Module, data: dict, prefix: str) -> dict:
    """Rename those of a network's weights that a golden holds."""
    own = {v: k for k, v in timm_names(network.backbone.state_dict()).items()}
    state, heads = {}, {}
    for name, tensor in data.items():
        if name.startswith(f'{prefix}encoder.'):
            timm = name.removeprefix(f'{prefix}encoder.')
            state[f'backbone.{own[timm]}'] = tensor
        elif name.startswith(prefix):
            heads[name.removeprefix(prefix)] = tensor
    return {**state, **rename_heads(heads)}


@MODELS.register_module()
class PatchConvBackbone(nn.Module):
    """``relu(conv(x, stride = kernel))`` as main and auxiliary feature."""

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, width, patch, stride=patch)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        feat = self.conv(x).relu()
        return feat, feat


@MODELS.register_module()
class LinearSegHead(nn.Module):
    """Bias-free 1x1 segmentation head."""

    align_corners = False

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.num_classes = self.out_channels = num_classes
        self.conv_seg = nn.Conv2d(in_channels, num_classes, 1, bias=False)

    def forward(self, inputs: tuple) -> torch.Tensor:
        return self.conv_seg(inputs[-1])


def small_network(num_classes: int, width: int = 8) -> dict:
    """Config of a network that runs in a millisecond, with BatchNorm."""
    head = dict(type='CAMHead', in_channels=2 * width)
    return dict(
        type='CAMEncoderDecoder',
        num_classes=num_classes,
        backbone=dict(type='TwoStageBackbone', width=width),
        decode_head=dict(large_fov(2 * width, width, dilation=2), in_index=1),
        cam_head=dict(head, in_index=1),
        cam_head_aux=dict(head, in_index=0, in_channels=width),
    )


@MODELS.register_module()
class TwoStageBackbone(nn.Sequential):
    """Two convolutions of stride 2, the first with BatchNorm."""

    def __init__(self, width: int) -> None:
        super().__init__(
            nn.Sequential(
                nn.Conv2d(3, width, 3, stride=2, padding=1),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ),
            nn.Sequential(
                nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
                nn.ReLU(),
            ),
        )

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        aux = self[0](x)
        return aux, self[1](aux)


def small_assigner(**settings) -> dict:
    """Config of an assigner; ``settings`` replace its keys."""
    config = dict(
        type='Assigner',
        multi_scale=dict(type='MultiScaleInference', scales=[1.0, 0.5]),
        cam_labeler=dict(type='DualThresholdLabeler', low=0.3, high=0.6),
        seg_labeler=dict(type='RestrictedSoftmax'),
    )
    return {**config, **settings}


def small_model(num_classes: int = 4, **settings) -> dict:
    """Config of a CoSA on small networks; ``settings`` replace its keys."""
    config = dict(
        type='CoSA',
        data_preprocessor=dict(
            type='TwoViewDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
        ),
        network=small_network(num_classes),
        assigner=small_assigner(),
        loss_c2s=dict(type='C2SLoss', loss_weight=0.1),
        loss_s2c=dict(type='S2CLoss', loss_weight=0.05),
        loss_energy=dict(type='DenseEnergyLoss', loss_weight=0.05),
        train_cfg=dict(warmup_iters=0),
        test_cfg=dict(with_cam=True),
    )
    return {**config, **settings}


def small_batch(labels: list[list[int]], size: int = 32) -> dict:
    """A collated training batch: one image for each list of classes."""
    generator = torch.Generator().manual_seed(0)

    def imgs() -> list[torch.Tensor]:
        return [
            torch.randint(0, 256, (3, size, size), generator=generator).to(
                torch.uint8
            )
            for _ in labels
        ]

    samples = [
        SegDataSample(
            gt_label=LabelData(label=torch.tensor(label, dtype=torch.long)),
            metainfo=dict(
                valid_box=(0, size, 0, size - 4),
                ori_shape=(size, size),
                img_shape=(size, size),
                img_path=f'{i}.jpg',
            ),
        )
        for i, label in enumerate(labels)
    ]
    return dict(inputs=dict(weak=imgs(), strong=imgs()), data_samples=samples)
