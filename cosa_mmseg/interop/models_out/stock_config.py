"""A whole config that stock mmseg runs."""

from mmengine.config import Config
from mmseg.registry import DATASETS, MODELS, TRANSFORMS

from cosa_mmseg.models.segmentors.cam_encoder_decoder import CAMEncoderDecoder
from cosa_mmseg.models.segmentors.prediction_settings import (
    PredictionSettings,
)
from cosa_mmseg.utils.config_errors import dicts_in
from cosa_mmseg.utils.pipelines import loads_masks

from .stock_data import stock_dataset, stock_pipeline, tta_pipeline
from .stock_model import stock_model_config

# mmseg imports these itself
STOCK_PACKAGES = ('mmseg', 'mmengine', 'mmcv', 'torch')
# names to import where not the whole module is: cosa_mmseg, mmpretrain.models
_DEPTHS = {'cosa_mmseg': 1, 'mmpretrain': 2}


def stock_config(
    cfg: Config, network: CAMEncoderDecoder
) -> tuple[Config, list[str]]:
    """Return the config under which stock mmseg predicts as a network of CoSA.

    Args:
        cfg (Config): The config of the training.
        network (CAMEncoderDecoder): The network, built.

    Returns:
        tuple[Config, list[str]]: For ``mmseg.apis.init_model``,
        ``MMSegInferencer`` and mmseg's ``tools/test.py``, with or without
        ``--tta``; it depends on no other file. And what does not predict or
        score as the training's config does, or needs more than mmseg, a
        sentence each.

    Raises:
        ValueError: If the config has no test data.
    """
    if cfg.get('test_dataloader') is None:
        raise ValueError(
            f'{cfg.filename} has no test_dataloader, whose pipeline says how '
            'images are read and resized'
        )
    settings = PredictionSettings.from_cfg(cfg.model.get('test_cfg'))
    dataloader = cfg.test_dataloader.to_dict()
    pipeline = stock_pipeline(
        dataloader['dataset']['pipeline'], settings.size_divisor
    )
    dataset, notes = stock_dataset(dataloader['dataset'], pipeline)
    model = stock_model_config(cfg.model, network, settings)
    modules = _modules(model, dataset)
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
    config.update(_views(cfg.get('tta_cfg') or {}, settings, pipeline))
    notes += _setting_notes(settings, config)
    notes += [
        f'{name}: mmseg does not have it, the config imports {module}, which '
        'must be installed where the model is used'
        for name, module in sorted(modules.items())
        if not module.startswith('mm')
    ]
    return Config(config), notes


def _views(
    tta_cfg: dict, settings: PredictionSettings, pipeline: list[dict]
) -> dict:
    """Return what ``--tta`` reads, if there are several views."""
    scales = tta_cfg.get('scales', settings.scales)
    mirror = tta_cfg.get('mirror', settings.mirror)
    if not mirror and list(scales) == [1]:
        return {}
    return dict(
        tta_model=dict(type='SegTTAModel'),
        tta_pipeline=tta_pipeline(pipeline, scales, mirror),
    )


def _evaluator(pipeline: list[dict]) -> dict:
    """Return the score, or label maps where there are no masks."""
    if any(map(loads_masks, pipeline)):
        return dict(type='IoUMetric', iou_metrics=['mIoU'])
    return dict(type='IoUMetric', format_only=True, output_dir='label_maps')


def _setting_notes(settings: PredictionSettings, config: dict) -> list[str]:
    """Say what a plain ``EncoderDecoder`` does otherwise."""
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


def _modules(model: dict, dataset: dict) -> dict[str, str]:
    """Return the modules to import for types that mmseg does not have."""
    found = {}
    for part, registry in (
        (model, MODELS),
        (dataset, DATASETS),
        (dataset['pipeline'], TRANSFORMS),
    ):
        for _, node in dicts_in(part):
            cls = registry.get(str(node.get('type')))
            names = getattr(cls, '__module__', 'mmseg').split('.')
            if names[0] not in STOCK_PACKAGES:
                depth = _DEPTHS.get(names[0])
                found[node['type']] = '.'.join(names[:depth])
    return found
