"""Networks and multi-scale inference against the released code."""

import re

import numpy as np
import torch
from mmengine.registry import MODELS

from cosa_mmseg.models.pseudo_labels import MultiScaleInference
from tests.golden import load_tensors, meta
from tests.models.networks import (
    large_fov,
    load_released,
    tiny_vit_network,
)

ATOL = 2e-5  # network outputs: the goldens' README


def close(got, expected, atol=ATOL):
    np.testing.assert_allclose(
        got.detach().numpy(), np.asarray(expected), atol=atol, rtol=0
    )


def hashed_weights(count: int, seed: int, scale: float) -> torch.Tensor:
    """The weights that a layer of the goldens' wide head stands for."""
    x = np.arange(count, dtype=np.uint32) + np.uint32(
        seed * 2654435761 % 2**32
    )
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, None)):
        x ^= x >> np.uint32(shift)
        if factor is not None:
            x *= np.uint32(factor)
    weights = (x.astype(np.float64) / 2**32 - 0.5) * 2 * scale
    return torch.from_numpy(weights.astype(np.float32))


def test_golden_large_fov_head():
    data = load_tensors('segmentation_head_and_vit')
    dilation = meta('segmentation_head_and_vit')['tiny_vit']['dilation']
    heads = sorted({n.split('_')[0] for n in data if n.startswith('head')})
    assert heads
    for case in heads:
        width = int(case.removeprefix('head'))
        x, expected = data[f'{case}_in'], data[f'{case}_out']
        head = MODELS.build(
            dict(
                large_fov(x.shape[1], width, dilation),
                num_classes=expected.shape[1],
            )
        )
        convs = [head.convs[0].conv, head.convs[1].conv, head.conv_seg]
        with torch.no_grad():
            for i, conv in enumerate(convs):
                conv.bias.zero_()
                name = f'{case}_param_conv{6 + i}.weight'
                if name in data:
                    conv.weight.copy_(data[name])
                    continue
                weight = hashed_weights(
                    conv.weight.numel(),
                    int(data[f'{case}_hash_seeds'][i]),
                    float(data[f'{case}_scales'][i]),
                )
                if i == 1:
                    close(weight[:8], data[f'{case}_first8_conv7'], 0)
                conv.weight.copy_(weight.view_as(conv.weight))
            close(head((x,)), expected)


def vit_network(pooling='max', aux_layer=None):
    """The golden ViT network with its weights."""
    data = load_tensors('segmentation_head_and_vit')
    settings = dict(meta('segmentation_head_and_vit')['tiny_vit'])
    settings['pooling'] = pooling
    if aux_layer is not None:
        settings['aux_layer'] = aux_layer
    num_classes = data['vit_out_seg'].shape[1]
    network = MODELS.build(tiny_vit_network(settings, num_classes))
    load_released(network, data, 'vit_param_')
    return network.eval(), data


@torch.no_grad()
def test_golden_vit_network():
    for pooling in ('max', 'avg'):
        network, data = vit_network(pooling)
        seen = network.forward_heads(data['vit_in'])
        close(seen.seg_logits, data['vit_out_seg'])
        close(seen.cam, data['vit_out_cam'])
        close(seen.cam_aux, data['vit_out_cam_aux'])
        close(seen.cls_logits, data[f'vit_out_{pooling}_cls'])
        close(seen.cls_logits_aux, data[f'vit_out_{pooling}_cls_aux'])
        aux, features = network.extract_feat(data['vit_in'])
        close(features, data['vit_out_features'])
        tokens = data['vit_out_aux_tokens']
        if tokens.ndim == 3:  # (N, tokens, D)
            aux = aux.flatten(2).transpose(1, 2)
        close(aux, tokens)


@torch.no_grad()
def test_golden_vit_last_layer_as_auxiliary_is_normed():
    network, data = vit_network(aux_layer=-1)
    seen = network.forward_heads(data['vit_in'])
    close(seen.cam_aux, data['vit_auxlayer_minus1_out_cam_aux'])


def patch_network(data: dict, case: str):
    """The rebuildable model of multiscale_cam_seg."""
    weight = data[f'{case}param_feat_w']
    num_classes = len(data[f'{case}param_seg_w'])
    head = dict(
        type='CAMHead', in_channels=len(weight), num_classes=num_classes
    )
    network = MODELS.build(
        dict(
            type='CAMEncoderDecoder',
            num_classes=num_classes,
            backbone=dict(
                type='PatchConvBackbone',
                width=len(weight),
                patch=weight.shape[-1],
            ),
            decode_head=dict(
                type='LinearSegHead',
                in_channels=len(weight),
                num_classes=num_classes,
            ),
            cam_head=head,
            cam_head_aux=head,
        )
    )
    network.load_state_dict(
        {
            'backbone.conv.weight': weight,
            'backbone.conv.bias': data[f'{case}param_feat_b'],
            'decode_head.conv_seg.weight': data[f'{case}param_seg_w'],
            'cam_head.conv_seg.weight': data[f'{case}param_cam_w'],
            'cam_head_aux.conv_seg.weight': data[f'{case}param_aux_w'],
        }
    )
    return network.eval()


def recorded_scales() -> list[tuple[float, ...]]:
    """Scales of the training cases, and of the evaluation case."""
    text = str(meta('multiscale_cam_seg'))
    found = re.findall(r'scales \[([\d., ]+)\]', text)
    scales = [tuple(map(float, item.split(','))) for item in found]
    return [scales[0], scales[-1]]


def test_golden_multi_scale():
    data = load_tensors('multiscale_cam_seg')
    cases = [n.split('in_images')[0] for n in data if 'in_images' in n]
    assert cases
    for case in cases:
        network, img = patch_network(data, case), data[f'{case}in_images']
        views = MultiScaleInference(recorded_scales()[0], aux_scales='last')
        out = views(network.forward_heads, img)
        close(out.cam, data[f'{case}out_cam'], 5e-5)
        close(out.cam_aux, data[f'{case}out_cam_aux'], 5e-5)
        close(out.seg_logits, data[f'{case}out_seg_sum'], 1e-4)
        out = MultiScaleInference((1.0,))(network.forward_heads, img)
        prefix = f'{case}scale1only_out_'
        close(out.cam.mean((2, 3)), data[f'{prefix}cam_mean'], 5e-5)
        close(out.seg_logits.mean((2, 3)), data[f'{prefix}seg_mean'], 1e-4)


def evaluation_case(data: dict) -> tuple[torch.nn.Module, torch.Tensor]:
    """The network and the image (1, 3, H, W) of ``eval_out_...``."""
    num_classes, *size = data['eval_out_cam'].shape[1:]
    (case,) = [
        n.removesuffix('in_images')
        for n, img in data.items()
        if n.endswith('in_images')
        and [*img.shape[2:]] == size
        and len(data[n.replace('in_images', 'param_cam_w')]) == num_classes
    ]
    return patch_network(data, case), data[f'{case}in_images'][:1]


def test_golden_multi_scale_evaluation():
    data = load_tensors('multiscale_cam_seg')
    network, img = evaluation_case(data)
    views = MultiScaleInference(recorded_scales()[1], aux_scales='last')
    out = views(network.forward_heads, img)
    close(out.cam, data['eval_out_cam'], 5e-5)
    close(out.cam_aux, data['eval_out_cam_aux'], 5e-5)
    close(out.seg_logits, data['eval_out_seg_sum'], 1e-4)
    close(out.cls_logits, data['eval_out_cls_sum'], 1e-4)
    close(out.cls_logits_aux, data['eval_out_cls_aux_sum'], 1e-4)
