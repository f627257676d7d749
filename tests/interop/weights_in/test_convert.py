"""Converted backbones compute what the networks of their weights do."""

import pytest
import timm
import torch
from mmengine.registry import MODELS, init_default_scope
from mmpretrain.models.utils import resize_pos_embed

import cosa_mmseg  # noqa: F401  registers the loader of safetensors
from cosa_mmseg.interop.weights_in import convert_weights, write_weights
from cosa_mmseg.utils.weights import WeightsError

from .vits import (
    DEPTH,
    PATCH,
    SIZE,
    WIDTH,
    config_of,
    timm_map,
    timm_vit,
    vit,
)

IMG = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


def converted(state: dict, backbone: dict, folder, suffix='.pth'):
    """The backbone of a config with converted weights, and the report."""
    torch.save(state, folder / 'source.pth')
    result = convert_weights(folder / 'source.pth', config_of(backbone))
    out = folder / f'out{suffix}'
    write_weights(out, result.state)
    return loaded(backbone, out), result


def loaded(backbone: dict, path):
    """A backbone with the weights of a file."""
    init_default_scope('mmseg')
    model = MODELS.build(
        {**backbone, 'init_cfg': dict(type='Pretrained', checkpoint=str(path))}
    )
    model.init_weights()
    model.eval()  # mmpretrain's returns nothing
    return model


@torch.no_grad()
def assert_same(model, backbone, img=IMG, atol=1e-5):
    """Both networks have the same last map."""
    expected = timm_map(model, img)
    assert expected.std() > 0.1
    torch.testing.assert_close(backbone(img)[-1], expected, atol=atol, rtol=0)


SCALED = dict(layer_scale_init_value=1e-5)
FAMILIES = {
    'vit': ('vit_tiny_patch16_224', {}, vit()),
    'without qkv bias': (
        'vit_tiny_patch16_224',
        dict(qkv_bias=False),
        vit(qkv_bias=False),
    ),
    'deit': ('deit_tiny_patch16_224', {}, vit()),
    'distilled deit': (
        'deit_tiny_distilled_patch16_224',
        {},
        vit('DistilledVisionTransformer'),
    ),
    'deit3': ('deit3_small_patch16_224', {}, vit(**SCALED)),
    'dinov2': ('vit_small_patch14_dinov2', {}, vit(**SCALED)),
    'dinov2, gated': (
        'vit_giant_patch14_dinov2',
        dict(mlp_ratio=2 * 64 / WIDTH),
        vit(layer_cfgs=dict(ffn_type='swiglu_fused'), **SCALED),
    ),
}


@pytest.mark.parametrize('family', FAMILIES)
@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_a_timm_network_and_its_backbone_agree(family, suffix, tmp_path):
    name, settings, backbone = FAMILIES[family]
    model = timm_vit(name, **settings)
    backbone, result = converted(
        model.state_dict(), backbone, tmp_path, suffix
    )
    assert_same(model, backbone)
    classifier = [name for name in model.state_dict() if 'head' in name]
    assert result.left_out.keys() == set(classifier)
    assert result.num_taken == len(model.state_dict()) - len(classifier)


@pytest.mark.parametrize('in_chunks', [False, True])
def test_dinov2_as_published(in_chunks, tmp_path):
    """Facebook's names, also in chunks, below a teacher's backbone."""
    model = timm_vit('vit_small_patch14_dinov2')
    state = {
        'teacher': {
            f'backbone.{chunked(name) if in_chunks else name}': value
            for name, value in model.state_dict().items()
        }
        | {
            'backbone.mask_token': torch.zeros(1, WIDTH),
            'dino_head.mlp.0.weight': torch.zeros(2, 2),
        },
        'student': {'backbone.cls_token': torch.zeros(1)},
        'iteration': 7,
    }
    backbone, result = converted(state, vit(**SCALED), tmp_path)
    assert_same(model, backbone)
    assert result.left_out == {
        'mask_token': 'for pretraining with masked images',
        'dino_head.mlp.0.weight': 'no part of the backbone',
    }
    assert "'teacher.backbone.'" in result.source


def chunked(name: str) -> str:
    """Name of a parameter in blocks that are saved in chunks of two."""
    first, _, rest = name.partition('.')
    if first != 'blocks':
        return name
    return f'blocks.{int(rest.partition(".")[0]) // 2}.{rest}'


def test_deit3_as_published(tmp_path):
    """DeiT III names its scales as parameters of the block."""
    model = timm_vit('deit3_small_patch16_224')
    state = {
        name.replace('ls1.gamma', 'gamma_1').replace('ls2.gamma', 'gamma_2'): v
        for name, v in model.state_dict().items()
    }
    backbone, result = converted({'model': state}, vit(**SCALED), tmp_path)
    assert_same(model, backbone)
    assert result.changed == {
        'pos_embed': f'(1, 16, {WIDTH}) -> (1, 17, {WIDTH}), '
        'zeros as positions of cls_token'
    }


def test_mmpretrain_s_deit3_still_lacks_its_second_norm(tmp_path):
    """Once it does not, it can be a target."""
    settings = vit('DeiT3')
    init_default_scope('mmseg')
    block = MODELS.build(settings).layers[0].eval()
    x = torch.rand(1, 5, WIDTH)
    before = block(x)
    torch.nn.init.normal_(block.ln2.weight)
    assert torch.equal(block(x), before)
    with pytest.raises(WeightsError, match='layer_scale_init_value=1e-5'):
        converted(
            timm_vit('deit3_small_patch16_224').state_dict(),
            settings,
            tmp_path,
        )


@pytest.mark.parametrize('size', [(48, 48), (64, 32)])
def test_another_grid(size, tmp_path):
    """The positions are resized once, here, bicubically."""
    model = timm_vit()
    backbone, result = converted(
        model.state_dict(), vit(img_size=size), tmp_path
    )
    grid = size[0] // PATCH, size[1] // PATCH
    expected = resize_pos_embed(model.pos_embed, (4, 4), grid, 'bicubic', 1)
    torch.testing.assert_close(backbone.pos_embed, expected)
    note = f'position grid 4x4 -> {grid[0]}x{grid[1]}, bicubic'
    assert note in result.changed['pos_embed']
    other = timm_vit(img_size=size)
    other.load_state_dict({**model.state_dict(), 'pos_embed': expected})
    assert_same(other, backbone, torch.rand(1, 3, *size))


def test_another_patch_size(tmp_path):
    """A patch that is smooth gives the same token at twice the size."""
    model = timm_vit(patch_size=4, img_size=16)
    backbone, result = converted(model.state_dict(), vit(), tmp_path)
    assert list(result.changed) == ['patch_embed.proj.weight']
    img = torch.full((1, 3, SIZE, SIZE), 0.7)
    with torch.no_grad():
        expected = model.patch_embed(img[..., :16, :16])
        got = backbone.patch_embed(img)[0]
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)


def test_weights_of_mmpretrain_and_mmseg(tmp_path):
    """From mmpretrain to mmseg's ViT and back, heads left out."""
    model = timm_vit()
    first, _ = converted(model.state_dict(), vit(), tmp_path)
    mmseg = dict(
        type='mmseg.VisionTransformer',
        img_size=SIZE,
        patch_size=PATCH,
        embed_dims=WIDTH,
        num_layers=DEPTH,
        num_heads=3,
        patch_bias=True,
        final_norm=True,
        norm_cfg=dict(type='LN', eps=1e-6),
    )
    state = {f'backbone.{k}': v for k, v in first.state_dict().items()}
    state['head.layers.head.weight'] = torch.zeros(1)
    second, result = converted({'state_dict': state}, mmseg, tmp_path)
    assert result.left_out == {
        'head.layers.head.weight': 'no part of the backbone'
    }
    assert_same(model, second)
    state = {f'module.backbone.{k}': v for k, v in second.state_dict().items()}
    third, _ = converted({'state_dict': state, 'meta': {}}, vit(), tmp_path)
    for name, value in first.state_dict().items():
        assert torch.equal(third.state_dict()[name], value)


def test_a_backbone_that_is_no_vit_takes_its_own_names(tmp_path):
    settings = dict(type='mmpretrain.ResNet', depth=18, base_channels=4)
    init_default_scope('mmseg')
    model = MODELS.build(settings)
    state = {f'backbone.{k}': v for k, v in model.state_dict().items()}
    backbone, result = converted(
        {'state_dict': {**state, 'head.fc.weight': torch.zeros(1)}},
        settings,
        tmp_path,
    )
    assert result.num_taken == len(state)
    for name, value in model.state_dict().items():
        assert torch.equal(backbone.state_dict()[name], value)


def test_norms_of_files_without_a_counter(tmp_path):
    """As torchvision's first ones; PyTorch loads them, too."""
    settings = dict(type='mmpretrain.ResNet', depth=18, base_channels=4)
    init_default_scope('mmseg')
    state = MODELS.build(settings).state_dict()
    old = {k: v for k, v in state.items() if 'num_batches_tracked' not in k}
    backbone, result = converted(old, settings, tmp_path)
    assert result.num_taken == len(old) < len(state)
    assert torch.equal(backbone.bn1.weight, old['bn1.weight'])
    del old['layer1.0.bn1.running_mean']
    with pytest.raises(WeightsError, match=r'layer1\.0\.bn1\.running_mean'):
        converted(old, settings, tmp_path)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_resized_in_single(dtype, tmp_path):
    """The same as if the file held its values in float32."""
    state = {k: v.to(dtype) for k, v in timm_vit().state_dict().items()}
    sizes = dict(img_size=48)
    half = converted(state, vit(**sizes), tmp_path)[1].state
    single = {k: v.float() for k, v in state.items()}
    expected = converted(single, vit(**sizes), tmp_path)[1].state
    for name, value in expected.items():
        assert half[name].dtype == torch.float32
        assert torch.equal(half[name], value), name


PLACES = {
    'number beside the weights': lambda state: {
        'state_dict': state,
        'best_score': torch.tensor(71.0),
    },
    'compiled, then distributed': lambda state: {
        f'module._orig_mod.{k}': v for k, v in state.items()
    },
    'distributed, then compiled': lambda state: {
        f'_orig_mod.module.{k}': v for k, v in state.items()
    },
    'no teacher': lambda state: {'teacher': None, 'model': state},
}


@pytest.mark.parametrize('case', PLACES)
def test_where_weights_may_be(case, tmp_path):
    model = timm_vit()
    backbone, _ = converted(PLACES[case](model.state_dict()), vit(), tmp_path)
    assert_same(model, backbone)


def test_names_and_kinds_of_numbers_that_are_not_known(tmp_path):
    state = timm_vit().state_dict()
    other = {f'vit.embeddings.{k}': v for k, v in state.items()}
    with pytest.raises(WeightsError, match='project that is not known here'):
        converted(other, vit(), tmp_path)
    quantised = {k: v.to(torch.int8) for k, v in state.items()}
    with pytest.raises(WeightsError, match=r'torch\.int8 .* quantised'):
        converted(quantised, vit(), tmp_path)
    with pytest.raises(WeightsError, match=r"'ema'.*save the part"):
        converted({'ema': state}, vit(), tmp_path)


@pytest.mark.parametrize('features_only', [False, True])
@pytest.mark.parametrize('published', [False, True])
@torch.no_grad()
def test_registers_go_to_timm_s_backbone(features_only, published, tmp_path):
    """Also as published, where the class token has a position."""
    name = 'vit_small_patch14_reg4_dinov2'
    model = timm_vit(name)
    settings = dict(
        type='mmpretrain.TIMMBackbone',
        model_name=name,
        embed_dim=WIDTH,
        depth=DEPTH,
        num_heads=3,
        patch_size=PATCH,
        img_size=SIZE,
        features_only=features_only,
        **(dict(out_indices=[1]) if features_only else {}),
    )
    state = model.state_dict()
    if published:
        position = torch.rand(1, 1, WIDTH)
        state['register_tokens'] = state.pop('reg_token')
        state['cls_token'] = state['cls_token'] - position
        state['pos_embed'] = torch.cat([position, state['pos_embed']], 1)
    backbone, result = converted(state, settings, tmp_path)
    if features_only:
        (expected,) = model.forward_intermediates(
            IMG, indices=[1], intermediates_only=True
        )
        why = 'after the last of out_indices'
        assert result.left_out['blocks.2.norm1.weight'] == why
    else:
        expected = model.forward_features(IMG)
    torch.testing.assert_close(backbone(IMG)[-1], expected)
    assert ('pos_embed' in result.changed) == published
    with pytest.raises(WeightsError, match='TIMMBackbone'):
        converted(state, vit(**SCALED), tmp_path)


@torch.no_grad()
def test_rotations_as_positions_go_to_timm_s_backbone(tmp_path):
    name = 'vit_small_patch16_dinov3'
    sizes = dict(embed_dim=WIDTH, depth=DEPTH, num_heads=2, img_size=SIZE)
    model = timm.create_model(name, num_classes=0, **sizes).eval()
    for parameter in model.parameters():
        parameter += 0.1 * torch.rand_like(parameter)
    settings = dict(
        type='mmpretrain.TIMMBackbone',
        model_name=name,
        features_only=True,
        out_indices=[1],
        dynamic_img_size=True,
        dynamic_img_pad=True,
        **sizes,
    )
    backbone, _ = converted(model.state_dict(), settings, tmp_path)
    (expected,) = model.forward_intermediates(
        IMG, indices=[1], intermediates_only=True
    )
    torch.testing.assert_close(backbone(IMG)[-1], expected)
    assert backbone(torch.rand(1, 3, 56, 96))[-1].shape[-2:] == (4, 6)


MISFITS = {
    'wider': (dict(embed_dim=48), vit(), r'is \(1, 1, 48\) in the weights '),
    'deeper': (dict(depth=4), vit(), 'of 4 blocks .* has 3'),
    'other mlp': (dict(mlp_ratio=2), vit(), r'\(48, 24\) in the weights'),
    'scales': (dict(init_values=1), vit(), 'set layer_scale_init_value=1e-5'),
    'no scales': ({}, vit(**SCALED), 'set layer_scale_init_value=0 '),
    'pre norm': (dict(pre_norm=True), vit(), 'set pre_norm=True'),
    'no bias': (dict(qkv_bias=False), vit(), 'set qkv_bias=False'),
    'pooled': (dict(fc_norm=True), vit(), 'set final_norm=False'),
    'no class': (
        dict(class_token=False, global_pool='avg', fc_norm=False),
        vit(),
        'set with_cls_token=False',
    ),
    'one token': ({}, vit('DistilledVisionTransformer'), 'VisionTransformer'),
    'no vit': ({}, dict(type='mmpretrain.ResNet', depth=18), 'architectures'),
}


@pytest.mark.parametrize('case', MISFITS)
def test_weights_that_do_not_fit(case, tmp_path):
    """Nothing of a backbone stays random, nothing it needs is left out."""
    settings, backbone, message = MISFITS[case]
    state = timm_vit(**settings).state_dict()
    with pytest.raises(WeightsError, match=message) as caught:
        converted(state, backbone, tmp_path)
    assert 'source.pth does not fit: ' in str(caught.value)
    assert '\n' not in str(caught.value)


def test_each_missing_weight_is_named(tmp_path):
    state = timm_vit().state_dict()
    names = 'blocks.1.mlp.fc1.weight', 'patch_embed.proj.weight'
    for name in names:
        del state[name]
    named = 'patch_embed.projection.weight, layers.1.ffn.layers.0.0.weight'
    with pytest.raises(WeightsError, match=f'keep random {named}, '):
        converted(state, vit(), tmp_path)


def test_a_backbone_without_class_token_or_norm(tmp_path):
    """What the config leaves out is left out, and said."""
    backbone, result = converted(
        timm_vit().state_dict(),
        vit(with_cls_token=False, final_norm=False),
        tmp_path,
    )
    assert backbone.pos_embed.shape == (1, 16, WIDTH)
    assert result.left_out['cls_token'].endswith('has no class token')
    assert result.left_out['norm.weight'].endswith('has no final norm')
    assert '  left out: cls_token (' in str(result)


def test_a_backbone_that_ignores_init_cfg_is_refused(tmp_path):
    settings = dict(type='mmpretrain.TIMMBackbone', pretrained=True)
    with pytest.raises(WeightsError, match='pretrained=True'):
        converted(timm_vit().state_dict(), settings, tmp_path)
