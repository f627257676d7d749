"""A network of the released code, from its checkpoint to its outputs."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from mmengine.runner import load_checkpoint

from cosa_mmseg.interop.weights_in import convert_weights, write_weights
from cosa_mmseg.interop.weights_in.released import rename_heads
from cosa_mmseg.utils.weights import WeightsError
from tests.golden import load_tensors, meta
from tests.models.networks import small_model, tiny_vit_network

NAME = 'segmentation_head_and_vit'
PREFIX = 'vit_param_'


@pytest.fixture
def golden(tmp_path):
    """The recorded weights as a checkpoint of DDP, and a config of CoSA."""
    data = load_tensors(NAME)
    state = {
        f'module.{name.removeprefix(PREFIX)}': tensor
        for name, tensor in data.items()
        if name.startswith(PREFIX)
    }
    torch.save(state, tmp_path / 'released.pth')
    network = tiny_vit_network(
        meta(NAME)['tiny_vit'], data['vit_out_seg'].shape[1]
    )
    cfg = Config(
        dict(default_scope='mmseg', model=small_model(network=network))
    )
    return data, cfg, tmp_path / 'released.pth'


@torch.no_grad()
@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_golden_outputs_of_both_networks(golden, suffix, tmp_path):
    data, cfg, path = golden
    result = convert_weights(path, cfg)
    assert result.num_taken == sum(name.startswith(PREFIX) for name in data)
    assert set(result.added) == {
        'decode_head.convs.0.conv.bias',
        'decode_head.convs.1.conv.bias',
        'decode_head.conv_seg.bias',
    }
    write_weights(tmp_path / f'out{suffix}', result.state)
    model = MODELS.build(cfg.model).eval()
    load_checkpoint(model, str(tmp_path / f'out{suffix}'), strict=True)
    for network in (model.online, model.assignment):
        seen = network.forward_heads(data['vit_in'])
        for name, got in (
            ('seg', seen.seg_logits),
            ('cam', seen.cam),
            ('cam_aux', seen.cam_aux),
            ('max_cls', seen.cls_logits),
            ('max_cls_aux', seen.cls_logits_aux),
        ):
            expected = data[f'vit_out_{name}'].numpy()
            np.testing.assert_allclose(got, expected, atol=2e-5, rtol=0)


def test_golden_weights_for_another_number_of_classes(golden):
    _, cfg, path = golden
    cfg.model.network.num_classes += 1
    with pytest.raises(
        WeightsError, match=r'decode_head\.conv_seg\.weight is'
    ):
        convert_weights(path, cfg)


def test_golden_weights_need_a_config_of_cosa(golden):
    _, cfg, path = golden
    cfg.model = cfg.model.network
    with pytest.raises(WeightsError, match="choose one of type='CoSA'"):
        convert_weights(path, cfg)


def test_an_unknown_head_is_refused_by_name():
    with pytest.raises(WeightsError, match='decoder.conv9'):
        rename_heads({'decoder.conv9.weight': torch.zeros(1)})
