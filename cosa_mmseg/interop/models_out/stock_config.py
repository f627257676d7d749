"""A whole config that stock mmseg runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry
from mmseg.registry import DATASETS, MODELS, TRANSFORMS

from cosa_mmseg.models.segmentors.cam_encoder_decoder import CAMEncoderDecoder
from cosa_mmseg.models.segmentors.prediction_settings import (
    PredictionSettings,
)

from .stock_data import (
    has_masks,
    stock_dataset,
    stock_pipeline,
    tta_pipeline,
)
from .stock_model import stock_model_config

# mmseg imports these itself
STOCK_PACKAGES = ('mmseg', 'mmengine', 'mmcv', 'torch')


@dataclass(frozen=True)
class StockConfig:
    """A config for stock mmseg.

    Attributes:
        cfg (Config): For ``mmseg.apis.init_model``, ``MMSegInferencer`` and
            mmseg's ``tools/test.py``, with or without ``--tta``.
        notes (list[str]): What does not predict or score as the training's
            config does, or needs more than mmseg, a sentence each.
    """

    cfg: Config
    notes: list[str] = field(default_factory=list)


def stock_config(cfg: Config, network: CAMEncoderDecoder) -> StockConfig:
    """The config under which stock mmseg predicts as a network of CoSA.

    Args:
        cfg (Config): The config of the training.
        network (CAMEncoderDecoder): The network, built.

    Returns:
        StockConfig: It depends on no other file.

    Raises:
        ValueError: If the config has no test data.
    """
    if cfg.get('test_dataloader') is None:
        raise ValueError(
            f'{cfg.filename} has no test_dataloader, whose pipeline says how '
            'images are read and resized'
        )
    source = cfg.to_dict()
    settings = PredictionSettings.from_cfg(source['model'].get('test_cfg'))
    dataloader = dict(source['test_dataloader'])
    pipeline = stock_pipeline(
        dataloader['dataset']['pipeline'], settings.size_divisor
    )
    dataset, notes = stock_dataset(dataloader['dataset'], pipeline)
    model = stock_model_config(source['model'], network)
    modules = dict(_modules(model, MODELS))
    modules.update(_modules(dataset, DATASETS))
    modules.update(_modules(pipeline, TRANSFORMS))
    config = dict(
        default_scope='mmseg',
        custom_imports=dict(
            imports=sorted(set(modules.values())), allow_failed_imports=False
        ),
        model=model,
        test_pipeline=pipeline,
        test_dataloader=dict(dataloader, dataset=dataset),
        test_evaluator=_evaluator(pipeline),
        test_cfg=dict(type='TestLoop'),
        default_hooks=dict(visualization=dict(type='SegVisualizationHook')),
        visualizer=dict(
            type='SegLocalVisualizer',
            vis_backends=[dict(type='LocalVisBackend')],
            name='visualizer',
        ),
    )
    views = source.get('tta_cfg') or {}
    scales = views.get('scales', settings.scales)
    mirror = views.get('mirror', settings.mirror)
    if mirror or list(scales) != [1]:
        config['tta_model'] = dict(type='SegTTAModel')
        config['tta_pipeline'] = tta_pipeline(pipeline, scales, mirror)
    return StockConfig(
        Config(config),
        [*notes, *_setting_notes(settings, config), *_import_notes(modules)],
    )


def _evaluator(pipeline: list[dict]) -> dict:
    """The label-free score, or label maps where there are no masks."""
    if has_masks(pipeline):
        return dict(type='IoUMetric', iou_metrics=['mIoU'])
    return dict(type='IoUMetric', format_only=True, output_dir='label_maps')


def _setting_notes(settings: PredictionSettings, config: dict) -> list[str]:
    """What a plain ``EncoderDecoder`` does otherwise."""
    notes = []
    if 'tta_pipeline' in config:
        notes.append(
            'several views: an EncoderDecoder sees one; `--tta` of '
            "mmseg's tools/test.py uses the written tta_pipeline, whose "
            'SegTTAModel averages probabilities where CoSA sums logits'
        )
    if any(s['type'] == 'ResizeToMultiple' for s in config['test_pipeline']):
        notes.append(
            f'test_cfg.size_divisor={settings.size_divisor}: ResizeToMultiple '
            'rounds the sides of images up, CoSA to the nearest multiple'
        )
    if settings.post_process is not None:
        notes.append(
            f'test_cfg.post_process={settings.post_process["type"]}: an '
            'EncoderDecoder has none, predictions are not refined'
        )
    return notes


def _import_notes(modules: dict[str, str]) -> list[str]:
    """Which parts need packages beyond OpenMMLab's."""
    return [
        f'{name}: mmseg does not have it, the config imports {module}, which '
        'must be installed where the model is used'
        for name, module in sorted(modules.items())
        if not module.startswith('mm')
    ]


def _modules(part: Any, registry: Registry) -> Iterator[tuple[str, str]]:
    """Types named in a part of a config, with the module to import first."""
    values = part.values() if isinstance(part, dict) else part
    if isinstance(part, dict) and isinstance(part.get('type'), str):
        cls = registry.get(part['type'])
        if cls is not None and (module := _module_of(cls)):
            yield part['type'], module
    for value in values:
        if isinstance(value, (dict, list, tuple)):
            yield from _modules(value, registry)


def _module_of(cls: type) -> str | None:
    """The module whose import registers a class; None where mmseg does it."""
    names = cls.__module__.split('.')
    if names[0] in STOCK_PACKAGES:
        return None
    if names[0] == 'cosa_mmseg':
        return names[0]
    if names[0] == 'mmpretrain':
        return '.'.join(names[:2])  # mmpretrain.models
    return cls.__module__
