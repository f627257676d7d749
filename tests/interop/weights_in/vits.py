"""Small ViTs of timm, and configs of the same networks."""

import pytest
import torch
from mmengine.config import Config
from torch import nn

WIDTH, DEPTH, HEADS, PATCH, SIZE = 24, 3, 3, 8, 32


def timm_vit(name: str = 'vit_tiny_patch16_224', **settings) -> nn.Module:
    """A timm network whose every parameter is random."""
    timm = pytest.importorskip('timm')
    sizes = dict(
        embed_dim=WIDTH,
        depth=DEPTH,
        num_heads=HEADS,
        patch_size=PATCH,
        img_size=SIZE,
    )
    model = timm.create_model(name, **{**sizes, **settings}).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.2)
    return model


def vit(type: str = 'VisionTransformer', **settings) -> dict:
    """Config of mmpretrain's ViT of the same sizes."""
    config = dict(
        type=f'mmpretrain.{type}',
        arch=dict(
            embed_dims=WIDTH,
            num_layers=DEPTH,
            num_heads=HEADS,
            feedforward_channels=4 * WIDTH,
        ),
        img_size=SIZE,
        patch_size=PATCH,
        out_type='featmap',
    )
    return {**config, **settings}


def config_of(backbone: dict) -> Config:
    """Config of a segmentor with this backbone."""
    return Config(
        dict(
            default_scope='mmseg', model=dict(network=dict(backbone=backbone))
        )
    )


def timm_map(model: nn.Module, img: torch.Tensor) -> torch.Tensor:
    """A timm ViT's normed tokens of the patches, (N, D, h, w)."""
    tokens = model.forward_features(img)[:, model.num_prefix_tokens :]
    height, width = (side // PATCH for side in img.shape[2:])
    return tokens.transpose(1, 2).unflatten(2, (height, width))
