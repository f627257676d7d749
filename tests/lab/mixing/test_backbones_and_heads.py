"""Each config of `configs/cosa/backbones` and `configs/cosa/heads`."""

import math
from functools import partial

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import HOOKS, MODELS, init_default_scope
from mmengine.runner import Runner
from torch.nn.modules.batchnorm import _BatchNorm

from cosa_mmseg.datasets.shapes.shapes import write_shapes
from tools.lab.mixing import (
    Cell,
    Conditions,
    backbone_configs,
    head_configs,
    try_training,
)

BACKBONES = {
    name: path
    for name, path in backbone_configs().items()
    if path.parent.name == 'backbones'
}
HEADS = {
    name: path
    for name, path in head_configs().items()
    if path.parent.name == 'heads'
}
CONFIGS = {**BACKBONES, **HEADS}
TIMM = ('dinov2-reg-b', 'dinov3-b', 'dinov3-s')
# millions of parameters of a network with 21 classes; channels and stride of
# the auxiliary and of the main feature
FULL_SIZE = {
    'convnext-t': (33.8, (384, 16), (768, 32)),
    'deit-b': (91.7, (768, 16), (768, 16)),
    'deit3-b': (91.8, (768, 16), (768, 16)),
    'dinov2-b': (92.5, (768, 14), (768, 14)),
    'dinov2-reg-b': (92.5, (768, 14), (768, 14)),
    'dinov3-b': (91.6, (768, 16), (768, 16)),
    'dinov3-s': (25.8, (384, 16), (384, 16)),
    'eva02-b': (92.3, (768, 14), (768, 14)),
    'mit-b2': (28.9, (320, 16), (512, 16)),
    'mscan-t': (7.5, (160, 16), (256, 32)),
    'resnet101': (54.4, (1024, 8), (2048, 8)),
    'resnet50': (35.4, (1024, 8), (2048, 8)),
    'sam-b': (90.7, (256, 16), (256, 16)),
    'swin-b': (93.9, (512, 16), (1024, 16)),
    'swin-t': (33.5, (384, 16), (768, 16)),
    'vit-l': (310.4, (1024, 16), (1024, 16)),
    'vit-s': (25.8, (384, 16), (384, 16)),
    'segformer': (24.7, (320, 16), (512, 16)),
    'deeplabv3plus': (62.6, (1024, 8), (2048, 8)),
    'fcn': (47.2, (1024, 8), (2048, 8)),
    'upernet': (121.2, (512, 16), (1024, 16)),
    'segmenter': (101.8, (768, 16), (768, 16)),
}
# What takes seconds at full size trains here with four blocks, in full width.
WIDE = dict(embed_dims=768, num_heads=12, num_layers=4)
FOUR_BLOCKS = dict(
    arch=dict(WIDE, feedforward_channels=3072), out_indices=[0, 1, 2, 3]
)
SHALLOW = {
    **dict.fromkeys(
        ('deit-b', 'deit3-b', 'dinov2-b', 'segmenter'), FOUR_BLOCKS
    ),
    'eva02-b': dict(FOUR_BLOCKS, arch=dict(WIDE, feedforward_channels=2048)),
    'sam-b': dict(
        FOUR_BLOCKS,
        arch=dict(WIDE, feedforward_channels=3072, global_attn_indexes=[1, 3]),
    ),
    'vit-l': dict(
        FOUR_BLOCKS,
        arch=dict(
            embed_dims=1024,
            num_heads=16,
            num_layers=4,
            feedforward_channels=4096,
        ),
    ),
    **dict.fromkeys(TIMM, dict(depth=4, out_indices=[0, 1, 2, 3])),
    'upernet': dict(depths=(1, 1, 2, 1)),
    'deeplabv3plus': dict(depth=50),
}
# these are the backbones of the last two
# the others are trained in the same way
FAST = ('resnet50', 'swin-t', 'vit-s')
TRAINED = [
    pytest.param(name, marks=[] if name in FAST else [pytest.mark.slow])
    for name in FULL_SIZE
    if name not in ('swin-b', 'resnet101')
]


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    return str(
        write_shapes(
            tmp_path_factory.mktemp('data') / 'shapes', num_train=2, num_eval=0
        )
    )


@pytest.fixture
def read():
    """Read a config without its pretrained weights."""

    def read(name):
        if name in TIMM:
            pytest.importorskip('timm')
        cfg = Config.fromfile(CONFIGS[name])
        init_default_scope(cfg.default_scope)
        cfg.model.network.backbone.init_cfg = None
        return cfg

    return read


def test_every_config_is_listed():
    assert set(FULL_SIZE) == set(CONFIGS)
    assert len(CONFIGS) == len(BACKBONES) + len(HEADS)


@pytest.mark.parametrize('name', FULL_SIZE)
def test_full_size(name, read, monkeypatch):
    cfg = read(name)
    # backbones read numbers (rates of drop path) from it
    on_cpu = partial(torch.linspace, device='cpu')
    monkeypatch.setattr(torch, 'linspace', on_cpu)
    with torch.device('meta'):
        network = MODELS.build(cfg.model.network)

    millions, aux, main = FULL_SIZE[name]
    count = sum(p.numel() for p in network.parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.06)
    assert [
        (feature.channels, feature.stride) for feature in network.features[-2:]
    ] == [aux, main]
    if name in BACKBONES:
        assert len(network.features) == 4  # what any head needs
    assert network.num_classes == 21
    frozen = {n for n, p in network.named_parameters() if not p.requires_grad}
    positions = {
        n for n, _ in network.named_parameters() if n.endswith('pos_embed')
    }
    biases = {
        n
        for n, _ in network.decode_head.named_parameters('decode_head')
        if n.endswith('bias')
    }
    assert frozen == positions | (biases if name in BACKBONES else set())
    has_norm = any(isinstance(m, _BatchNorm) for m in network.modules())
    assert cfg.get('sync_bn') == ('torch' if has_norm else None)


@pytest.mark.parametrize('name', TRAINED)
def test_trains(name, read, data_root):
    cfg = config_for_shapes(name, read, data_root)
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    before = running_statistics(model.assignment)
    trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
    reached = set()
    for key, parameter in trained.items():
        parameter.register_hook(lambda _, key=key: reached.add(key))

    trial = try_training(
        model,
        build_optim_wrapper(model, cfg.optim_wrapper),
        [HOOKS.build(hook) for hook in cfg.custom_hooks],
        next(iter(loader)),
        iters=2,
    )

    assert len(trial.losses) == len(trial.gradients) == 2
    assert all(map(math.isfinite, trial.losses))
    assert all(0 < norm < math.inf for norm in trial.gradients)
    assert trial.cam_range > 1e-3
    assert reached == set(trained)  # distributed training waits for each
    after = running_statistics(model.assignment)
    for key, old in before.items():
        assert after[key].isfinite().all(), key
        assert not torch.equal(after[key], old), key
    assert model.assignment.training is False


def config_for_shapes(name, read, data_root):
    """A config on two small images, one view for the pseudo labels."""
    read(name)  # skips, or sets the scope
    path = str(CONFIGS[name])
    cell = Cell(name, name, path, path, Conditions(64, 2, 3, data_root))
    cfg = cell.config()
    cfg.model.assigner.multi_scale.update(scales=[1.0], mirror=False)
    for key, value in SHALLOW.get(name, {}).items():
        cfg.model.network.backbone[key] = value
    return cfg


def running_statistics(network):
    return {
        name: value.clone()
        for name, value in network.state_dict().items()
        if name.endswith(('running_mean', 'running_var'))
    }


@pytest.mark.parametrize('name', ['upernet', 'deeplabv3plus'])
def test_auxiliary_heads_learn_as_fast_as_the_others(name, read):
    cfg = read(name)
    cfg.model.network.backbone.update(SHALLOW[name])
    network = MODELS.build(cfg.model.network)
    wrapper = build_optim_wrapper(network, cfg.optim_wrapper)
    rates = {
        id(p): group['lr']
        for group in wrapper.optimizer.param_groups
        for p in group['params']
    }
    for part, factor in (
        ('backbone', 1),
        ('decode_head', 10),
        ('auxiliary_head', 10),
        ('cam_head_aux', 10),
    ):
        for parameter in getattr(network, part).parameters():
            assert rates[id(parameter)] == pytest.approx(6e-5 * factor), part
    assert network.auxiliary_weights == [0.4]
