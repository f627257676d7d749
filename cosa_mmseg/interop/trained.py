"""Trained segmentors, of CoSA and of mmseg."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from mmseg.models.segmentors import BaseSegmentor
from mmseg.registry import DATASETS, MODELS
from torch import nn

from cosa_mmseg.datasets.class_meta import check_dataset_meta
from cosa_mmseg.engine.checkpoint_classes import find_other_classes
from cosa_mmseg.engine.hooks import find_misfit
from cosa_mmseg.models.segmentors.dual_stream import (
    DualStreamSegmentor,
    fill_online,
)
from cosa_mmseg.utils.checkpoint_loaders import safe_loaders
from cosa_mmseg.utils.config_errors import dicts_in, naming_the_key
from cosa_mmseg.utils.weights import WeightsError

NETWORKS = ('assignment', 'online')


def load_segmentor(cfg: Config, weights: str | Path) -> BaseSegmentor:
    """Build the model of a config and give it the weights of a checkpoint.

    Args:
        cfg (Config): With ``model`` and ``test_dataloader``.
        weights (str | Path): Path or address of the checkpoint; no code in it
            is run.

    Returns:
        BaseSegmentor: On the CPU, in evaluation mode, with ``dataset_meta``:
        ``classes`` and ``palette`` of the checkpoint, or else of the config's
        data set, and ``train_masks`` of a checkpoint that has it; and
        ``iteration`` of the checkpoint, None if it names none.

    Raises:
        OSError: If there is no such file.
        ValueError: If it is no segmentor, weights or names do not fit, there
            are too many classes for 8-bit label maps, or there is not one map
            for each.
    """
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    with safe_loaders():
        content = CheckpointLoader.load_checkpoint(
            str(weights), 'cpu', 'silent'
        )
    settings = without_pretrained(cfg.model)
    with naming_the_key(settings, 'model'):
        model = MODELS.build(ConfigDict(settings))
    if not isinstance(model, BaseSegmentor):
        raise ValueError(
            f'the model of {cfg.filename} is a {cfg.model.type}, which is no '
            'segmentor of mmseg'
        )
    state = content.get('state_dict', content)
    fill_online(state)
    _load_weights(model, state, weights, cfg)
    meta = content.get('meta')
    meta = meta if isinstance(meta, Mapping) else {}
    classes, palette = _class_meta(meta, weights, cfg)
    if not len(classes) == model.num_classes <= 255:
        raise ValueError(
            f'the model of {cfg.filename} has {model.num_classes} classes (at '
            f'most 255 are allowed), but {len(classes)} names are known'
        )
    if model.out_channels != len(classes):
        raise ValueError(
            f'the model gives {model.out_channels} maps for {len(classes)} '
            'classes (out_channels of its decode_head): predictions need one '
            'for each class'
        )
    model.dataset_meta = dict(classes=classes, palette=palette)
    known = meta.get('dataset_meta') or {}
    if number := known.get('train_masks'):
        model.dataset_meta['train_masks'] = number
    iteration = meta.get('iter')
    model.iteration = iteration if isinstance(iteration, int) else None
    return model.eval()


def check_network(model: BaseSegmentor, network: str | None) -> None:
    """Refuse to ask a network that a segmentor does not have.

    Args:
        model (BaseSegmentor): The segmentor.
        network (str, optional): One of `NETWORKS`; None: that of its
            settings, which any segmentor has.

    Raises:
        ValueError: If there is none of that name.
    """
    if network is None:
        return
    if network not in NETWORKS:
        raise ValueError(
            f'network must be one of {", ".join(NETWORKS)}, got {network!r}'
        )
    if not isinstance(model, DualStreamSegmentor):
        raise ValueError(
            f'the model is a {type(model).__name__}, which has no {network} '
            'network: take one of a training with CoSA, or leave network out'
        )


def without_pretrained(settings: ConfigDict) -> dict[str, Any]:
    """Copy a part of a config, without the weights that it starts from.

    ``pretrained`` and every ``init_cfg`` of type ``Pretrained`` are left out,
    at any depth.

    Args:
        settings (ConfigDict): The part.
    """
    copied = settings.to_dict()
    for _, node in dicts_in(copied):
        node.pop('pretrained', None)
        if _is_pretrained(node.get('init_cfg')):
            del node['init_cfg']
    return copied


def _is_pretrained(init_cfg: dict | list | None) -> bool:
    """Return True if an initialisation is, or begins with, a file."""
    parts = init_cfg if isinstance(init_cfg, (list, tuple)) else [init_cfg]
    return any(part and part.get('type') == 'Pretrained' for part in parts)


def _load_weights(
    model: nn.Module, state: Any, checkpoint: str | Path, cfg: Config
) -> None:
    """Give a model its weights, all of them and no others."""
    problem = find_misfit(model, state)
    if not problem:
        try:
            model.load_state_dict(
                {k.removeprefix('module.'): v for k, v in state.items()}
            )
        except RuntimeError as err:  # a buffer, or a part that is left over
            problem = ' '.join(str(err).split())
    if problem:
        raise WeightsError(
            f'{checkpoint} is no checkpoint of the model of {cfg.filename}: '
            f'{problem}'
        )


def _class_meta(
    meta: Mapping, checkpoint: str | Path, cfg: Config
) -> tuple[list[str], list[list[int]]]:
    """Return names and colours of the classes that were trained.

    They are those of the checkpoint, or else of the data set that the config
    tests on. Where the two differ the log has a warning.
    """
    if found := meta.get('dataset_meta'):
        known = check_dataset_meta(found, f'{checkpoint} (meta.dataset_meta)')
        if others := find_other_classes(known[0], _classes_in(cfg)):
            print_log(
                f'the classes of {checkpoint} count, not those of '
                f'{cfg.filename}: {others}',
                'current',
                logging.WARNING,
            )
        return known
    if cfg.get('test_dataloader') is None:
        raise ValueError(
            'the checkpoint does not name its classes (meta.dataset_meta), '
            f'and {cfg.filename} has no test_dataloader that does'
        )
    dataset = dict(cfg.test_dataloader.dataset, lazy_init=True)
    return check_dataset_meta(
        DATASETS.build(dataset).metainfo, f'{cfg.filename}'
    )


def _classes_in(cfg: Config) -> Sequence[str] | None:
    """Return the classes that a config says that its test set has."""
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    cls = DATASETS.get(str(dataset.get('type')))
    known = getattr(cls, 'METAINFO', {})
    return {**known, **(dataset.get('metainfo') or {})}.get('classes')
