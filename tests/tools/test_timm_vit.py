"""The converter of timm's ViT weights."""

import importlib.util

import pytest
import torch
from mmpretrain.models import VisionTransformer

from cosa_mmseg.utils.convert_weights import (
    released_to_network,
    timm_vit_to_mmpretrain,
)
from tests.golden import ROOT, load_tensors

PREFIX = 'vit_param_encoder.'


@pytest.fixture
def timm_state():
    data = load_tensors('segmentation_head_and_vit')
    state = {
        name.removeprefix(PREFIX): tensor
        for name, tensor in data.items()
        if name.startswith(PREFIX)
    }
    return {**state, 'head.weight': torch.zeros(1000, 48)}


def test_written_weights_load_into_the_config_s_backbone(timm_state, tmp_path):
    spec = importlib.util.spec_from_file_location(
        'timm_vit', ROOT / 'tools' / 'model_converters' / 'timm_vit.py'
    )
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    torch.save(timm_state, tmp_path / 'timm.pth')
    out = tmp_path / 'new' / 'vit.pth'
    tool.main([str(tmp_path / 'timm.pth'), str(out)])
    width = timm_state['cls_token'].shape[-1]
    backbone = VisionTransformer(
        arch=dict(
            embed_dims=width,
            num_layers=4,
            num_heads=3,
            feedforward_channels=4 * width,
        ),
        img_size=32,
        patch_size=8,
        out_type='featmap',
        init_cfg=dict(type='Pretrained', checkpoint=str(out)),
    )
    backbone.init_weights()
    assert torch.equal(backbone.pos_embed, timm_state['pos_embed'])
    expected = timm_state['blocks.3.mlp.fc2.weight']
    assert torch.equal(backbone.layers[3].ffn.layers[1].weight, expected)
    names = backbone.state_dict().keys()
    assert timm_vit_to_mmpretrain(timm_state).keys() == names


@pytest.mark.parametrize('name', ['blocks.0.ls1.gamma', 'fc_norm.weight'])
def test_another_network_is_refused_by_name(timm_state, name):
    with pytest.raises(ValueError, match=name):
        timm_vit_to_mmpretrain({**timm_state, name: torch.zeros(1)})


def test_an_unknown_head_is_refused_by_name():
    with pytest.raises(ValueError, match='decoder.conv9'):
        released_to_network({'decoder.conv9.weight': torch.zeros(1)})
