"""Every config builds, and its numbers are those of the recipe."""

import ast

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import (
    DATASETS,
    HOOKS,
    METRICS,
    MODELS,
    TRANSFORMS,
    init_default_scope,
)

from cosa_mmseg.config.command_line import read_config
from cosa_mmseg.datasets.shapes.shapes import (
    CLASSES,
    PALETTE,
    PRETRAIN_CLASSES,
)
from tests.golden import ROOT

CONFIGS = ROOT / 'configs' / 'cosa'
# Those left out are run by tests/lab/mixing/test_backbones_and_heads.py and
# tests/models/segmentors/test_evaluation_protocols.py
ALL = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ('configs/cosa', 'configs/pretrain', 'tools/lab/configs')
    for path in (ROOT / folder).rglob('[!_]*.py')
    if path.parent.name not in ('evaluation', 'backbones', 'heads')
)
# those of the project and of its lab, the bases among them
FILES = [
    path
    for folder in ('configs', 'tools/lab/configs')
    for path in sorted((ROOT / folder).rglob('*.py'))
]
# What METHOD.md states: columns VOC and COCO.
RELEASED = {
    'model.network.num_classes': (21, 81),
    'model.network.backbone.out_indices': ([9, 11], [9, 11]),
    'model.network.decode_head.channels': (512, 512),
    'model.network.decode_head.dilation': (5, 5),
    'model.network.cam_head.pooling': ('max', 'max'),
    'model.assigner.multi_scale.scales': ([1.0, 0.5, 1.5], [1.0, 0.5, 1.5]),
    'model.assigner.multi_scale.aux_scales': ('last', 'last'),
    'model.assigner.cam_labeler.low': (0.2, 0.25),
    'model.assigner.cam_labeler.high': (0.7, 0.65),
    'model.assigner.seg_labeler.temperature': (0.01, 0.01),
    'model.loss_c2s.loss_weight': (0.1, 0.1),
    'model.loss_c2s.fg_share': (0.5, 0.5),
    'model.loss_c2s.aux_share': (0.5, 0.5),
    'model.loss_c2s.over_ranks': (False, False),
    'model.loss_s2c.loss_weight': (0.05, 0.05),
    'model.loss_energy.loss_weight': (0.05, 0.05),
    'model.loss_energy.energy_weight': (1e-7, 1e-7),
    'model.loss_energy.sigma_rgb': (15, 15),
    'model.loss_energy.sigma_xy': (100, 100),
    'model.loss_energy.scale_factor': (0.5, 0.5),
    'model.train_cfg.warmup_iters': (6001, 10001),
    'tta_cfg.scales': ([1, 0.5, 1.5, 0.75, 1.25],) * 2,
    'tta_cfg.mirror': (True, True),
    'train_cfg.max_iters': (32000, 60000),
    'train_cfg.total_batch_size': (4, 8),
    'train_dataloader.batch_size': (2, 4),
    'optim_wrapper.optimizer.lr': (6e-5, 6e-5),
    'optim_wrapper.optimizer.betas': ((0.9, 0.999),) * 2,
    'optim_wrapper.optimizer.weight_decay': (0.01, 0.01),
    'param_scheduler.warmup_iters': (1500, 1500),
    'param_scheduler.power': (0.9, 0.9),
    'param_scheduler.start_factor': (1e-6, 1e-6),
}


def chain(path):
    """The longest chain of a config and its bases."""
    bases = Config._get_base_files(str(path))
    return max((chain(path.parent / base) for base in bases), default=0) + 1


@pytest.mark.parametrize('path', FILES, ids=str)
def test_a_config_is_read_in_three_files_at_most(path):
    assert chain(path) <= 3


@pytest.mark.parametrize('path', FILES, ids=str)
def test_no_step_is_found_by_its_number(path):
    indices = [
        node.slice
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Subscript)
    ]
    assert all(isinstance(index, ast.Slice) for index in indices)


def value_of(cfg, key: str):
    for part in key.split('.'):
        cfg = cfg[part]
    return cfg


@pytest.mark.parametrize('column', [0, 1], ids=['voc', 'coco'])
def test_released_numbers(column):
    name = ('voc', 'coco')[column]
    cfg = Config.fromfile(CONFIGS / f'cosa_vit-b_{name}_released.py')
    for key, expected in RELEASED.items():
        assert value_of(cfg, key) == expected[column], key
    (hook,) = cfg.custom_hooks
    assert hook == dict(type='AssignmentEMAHook', momentum=6e-4)
    assigner = cfg.model.assigner
    aux = assigner.get('cam_labeler_aux') or assigner.cam_labeler
    assert (aux.low, aux.high) == ((0.2, 0.7), (0.25, 0.7))[column]


# Where the paper's recipe differs.
PAPER = {
    'model.assigner.multi_scale.aux_scales': 'sum',
    'model.loss_c2s.over_ranks': True,
    'model.assigner.cam_labeler.type': 'ThresholdLabeler',
    'model.assigner.cam_labeler.threshold.type': 'DynamicThreshold',
    'model.assigner.cam_labeler.threshold.num_images': 100,
    'model.assigner.cam_labeler.threshold.decay': 0.99,
    'model.assigner.cam_labeler.threshold.min_value': 0.05,
    'model.assigner.reliability.lambda_a': 0.8,
    'model.assigner.reliability.lambda_b': 1,
    'model.loss_csc.temperature': 0.5,
    'model.loss_csc.max_perplexity': 1,
    'model.loss_csc.loss_weight': 0.1,
}


@pytest.mark.parametrize('column', [0, 1], ids=['voc', 'coco'])
def test_paper_numbers(column):
    name = ('voc', 'coco')[column]
    cfg = Config.fromfile(CONFIGS / f'cosa_vit-b_{name}.py')
    for key, expected in PAPER.items():
        assert value_of(cfg, key) == expected, key
    differs = ('aux_scales', 'cam_labeler', 'over_ranks', 'warmup_iters')
    for key, expected in RELEASED.items():
        if not any(word in key for word in differs) or 'param' in key:
            assert value_of(cfg, key) == expected[column], key
    assert cfg.model.train_cfg.warmup_iters == (6000, 10000)[column]


def test_recipe_for_data_of_ones_own_is_that_for_voc():
    custom = Config.fromfile(CONFIGS / 'cosa_vit-b_custom.py')
    voc = Config.fromfile(CONFIGS / 'cosa_vit-b_voc.py')
    assert custom.model.network.pop('num_classes') == custom.dataset
    assert voc.model.network.pop('num_classes') == 21
    for key in (
        *('model', 'train_cfg', 'param_scheduler'),
        *('custom_hooks', 'default_hooks', 'tta_cfg'),
    ):
        assert custom[key] == voc[key], key
    wrapper = dict(voc.optim_wrapper, type='AutoPrecisionOptimWrapper')
    assert custom.optim_wrapper == wrapper
    resize = custom.train_pipeline.pop(1)
    scale = voc.train_pipeline.pop(1)
    assert resize.ratio_range == scale.ratio_range
    assert custom.train_pipeline == voc.train_pipeline
    assert custom.train_dataloader.batch_size == 2
    assert [step.type for step in custom.test_pipeline] == [
        step.type for step in voc.test_pipeline if 'Anno' not in step.type
    ]
    assert custom.test_pipeline[1] == voc.test_pipeline[1]
    assert custom.scores == voc.val_evaluator


@pytest.mark.parametrize(
    'name',
    [
        name
        for name in [*ALL, 'configs/cosa_ms/shapes.py']
        if 'shapes' in name or 'custom' in name or 'ablation' in name
    ],
)
def test_recipes_for_a_laptop_take_the_faster_precision(name):
    cfg = Config.fromfile(ROOT / name)
    assert cfg.optim_wrapper.type == 'AutoPrecisionOptimWrapper'
    assert cfg.default_hooks.precision == dict(type='PrecisionHook')
    for loop in ('val_cfg', 'test_cfg'):
        assert 'fp16' not in (cfg.get(loop) or {})


@pytest.mark.parametrize(
    ('name', 'side', 'crop', 'tested'),
    [
        ('cosa_vit-b_custom', 500, 448, 448),
        ('cosa_resnet18_custom', 250, 224, 224),
        ('cosa_efficientnet-lite0_custom', 320, 320, 320),
    ],
)
@pytest.mark.parametrize('shape', [(3000, 4000, 3), (64, 48, 3)])
def test_pictures_of_ones_own_are_seen_at_one_scale(
    name, side, crop, tested, shape
):
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    init_default_scope(cfg.default_scope)
    step = TRANSFORMS.build(
        dict(cfg.train_dataloader.dataset.pipeline[1], ratio_range=(1, 1))
    )
    results = step(dict(img=np.zeros(shape, np.uint8)))
    h, w = results['img'].shape[:2]
    assert max(h, w) == side
    assert h / w == pytest.approx(shape[0] / shape[1], rel=0.01)
    crop_size = cfg.train_dataloader.dataset.pipeline[3].crop_size
    assert crop_size == (crop, crop)
    assert cfg.test_dataloader.dataset.pipeline[1].scale == (tested, tested)


@pytest.fixture
def load(tmp_path):
    """Load a config; one for data of one's own gets some labels."""

    def load(name):
        cfg = Config.fromfile(ROOT / name)
        if 'scores' in cfg:
            (tmp_path / 'labels.csv').write_text('image,labels\na,cat;dog\n')
            cfg = read_config(str(ROOT / name), {'data_root': str(tmp_path)})
        return cfg

    return load


@pytest.mark.parametrize('name', ALL)
def test_every_config_builds(name, load):
    cfg = load(name)
    init_default_scope(cfg.default_scope)
    backbone = cfg.model.get('network', cfg.model).backbone
    backbone.pop('init_cfg', None)  # pretrained weights are not at hand
    model = MODELS.build(cfg.model)
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        # without masks nothing is scored; mmseg's VOC wants its list at once
        if loader and loader.dataset.type != 'PascalVOCDataset':
            DATASETS.build(dict(loader.dataset, lazy_init=True))
    for metrics in (cfg.val_evaluator or [], cfg.test_evaluator or []):
        for metric in [metrics] if isinstance(metrics, dict) else metrics:
            METRICS.build(metric)
    for hook in cfg.get('custom_hooks', []):
        HOOKS.build(hook)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    trained = {p for g in wrapper.optimizer.param_groups for p in g['params']}
    assert all(p in trained for p in model.parameters() if p.requires_grad)


def test_rates_of_the_heads_and_frozen_parameters():
    cfg = Config.fromfile(CONFIGS / 'cosa_vit-b_voc_released.py')
    init_default_scope(cfg.default_scope)
    cfg.model.network.backbone.update(arch='deit-t', init_cfg=None)
    model = MODELS.build(cfg.model)
    model.init_weights()
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    rates = {
        id(p): group['lr']
        for group in wrapper.optimizer.param_groups
        for p in group['params']
    }
    for name, parameter in model.online.named_parameters():
        if not parameter.requires_grad:
            continue
        factor = 1 if name.startswith('backbone') else 10
        assert rates[id(parameter)] == pytest.approx(6e-5 * factor), name
    frozen = [
        n for n, p in model.online.named_parameters() if not p.requires_grad
    ]
    assert sorted(frozen) == [
        'backbone.pos_embed',
        'decode_head.conv_seg.bias',
        'decode_head.convs.0.conv.bias',
        'decode_head.convs.1.conv.bias',
    ]
    assert all(
        torch.equal(p, torch.zeros_like(p))
        for n, p in model.online.named_parameters()
        if n.endswith('.bias') and n.startswith('decode_head')
    )


def test_shapes_config_names_the_classes_that_are_drawn():
    cfg = Config.fromfile(CONFIGS / 'cosa_shapes.py')
    assert tuple(cfg.metainfo.classes) == ('background', *CLASSES)
    assert [tuple(colour) for colour in cfg.metainfo.palette] == list(PALETTE)
    cfg = Config.fromfile(CONFIGS / '../pretrain/small_resnet_shapes.py')
    assert tuple(cfg.metainfo.classes) == ('background', *PRETRAIN_CLASSES)


@pytest.mark.parametrize('scope', ['mmengine', 'mmseg', 'mmpretrain', 'none'])
def test_parts_are_found_whatever_the_default_scope(scope):
    if scope != 'none':
        init_default_scope(scope)
    for kind in ('DualThresholdLabeler', 'C2SLoss', 'CoSA', 'CAMHead'):
        assert MODELS.get(kind) is not None
    MODELS.build(dict(type='DualThresholdLabeler', low=0.2, high=0.7))
    HOOKS.build(dict(type='AssignmentEMAHook'))
    METRICS.build(dict(type='LabelFilteredIoUMetric'))


def test_the_pretraining_has_a_visualizer_of_its_own():
    """The demo trains behind it, in one process, and writes elsewhere."""
    configs = ('../pretrain/small_resnet_shapes.py', 'cosa_shapes.py')
    names = [Config.fromfile(CONFIGS / c).visualizer.name for c in configs]
    assert len({*names}) == 2
