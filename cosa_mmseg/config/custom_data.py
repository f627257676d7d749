"""Configs for pictures of one's own."""

import copy
import os.path as osp
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config

from cosa_mmseg.datasets.class_names import BACKGROUND
from cosa_mmseg.datasets.label_files import check_background, read_labels
from cosa_mmseg.datasets.label_rows import LabelOptions
from cosa_mmseg.utils.config_errors import (
    ConfigError,
    dicts_in,
    join,
)
from cosa_mmseg.utils.config_parameters import (
    describe,
    fits,
)
from cosa_mmseg.utils.pipelines import loads_masks

_HEADS = ('decode_head', 'cam_head', 'cam_head_aux')
# what is read and written here, and its type
_SETTINGS: dict[str, Any] = {
    'data_root': str,
    'label_file': str | None,
    'label_separator': str,
    'label_union': bool,
    'img_path': str,
    'train_list': str,
    'test_list': str,
    'mask_path': str | None,
    'classes': Sequence[str] | None,
    **{f'model.network.{head}': dict for head in _HEADS},
    'train_dataloader.dataset.data_prefix': dict,
    'test_dataloader.dataset.data_prefix': dict,
}
# what is overwritten here, and what it is made of
_FILLED_IN = {
    **{f'model.network.{head}.num_classes': 'classes' for head in _HEADS},
    **{
        f'{split}_dataloader.dataset.{key}': setting
        for split in ('train', 'test')
        for key, setting in {
            'data_root': 'data_root',
            'label_file': 'label_file',
            'label_separator': 'label_separator',
            'label_union': 'label_union',
            'ann_file': f'{split}_list',
            'metainfo.classes': 'classes',
            'data_prefix.img_path': 'img_path',
        }.items()
    },
    'test_dataloader.dataset.data_prefix.seg_map_path': 'mask_path',
    'val_dataloader': 'test_dataloader',
    'val_evaluator': 'scores',
    'test_evaluator': 'scores (with mask_path; else work_dir)',
}


def setting_names(cfg: Config) -> set[str]:
    """Names at the top of a config that :func:`fill_in_custom_data` reads.

    Args:
        cfg: Any config.
    """
    if 'label_file' not in cfg:
        return set()
    return {'scores', *(key for key in _SETTINGS if '.' not in key)}


def refuse_overwritten(cfg: Config, options: Mapping[str, Any]) -> None:
    """Refuse options that :func:`fill_in_custom_data` would overwrite.

    Args:
        cfg: Any config.
        options: Values by dotted key, as of ``--cfg-options``.

    Raises:
        ConfigError: There is one; it names the setting that counts.
    """
    if 'label_file' not in cfg:
        return
    for key, value in options.items():
        keys = [key]
        for path, node in dicts_in(value, key):
            keys += [join(path, name) for name in node]
        for place, setting in _FILLED_IN.items():
            if any(f'{k}.'.startswith(f'{place}.') for k in keys):
                raise ConfigError(
                    f'{place} cannot be set here: it is made of the setting '
                    f'{setting} at the top of the config, so set that one'
                )


def fill_in_custom_data(cfg: Config) -> None:
    """Carry the settings of one's own data to where they are used.

    These are the settings at the top of
    ``configs/_base_/datasets/custom_wsss.py``. The classes, if not given, are
    read from the label file, and their number goes to the heads of the
    network. Without masks there is no validation, and a test writes label maps
    to ``label_maps`` in the work dir; with masks both are scored.

    A config without a top-level ``label_file`` stays as it is. One that is
    filled in, such as that in a work dir, has its classes, needs no label file
    to be read for them, and takes other settings when it is filled in again.

    Args:
        cfg: The config, with ``work_dir``; it is changed.

    Raises:
        FileNotFoundError: There is no such label file.
        ValueError: It is malformed, a setting is of the wrong type, or there
            are neither labels nor classes.
    """
    if 'label_file' not in cfg:
        return
    _check_settings(cfg)
    check_background(cfg.classes or (), 'setting of the config')
    if not cfg.classes:
        if not cfg.label_file:
            raise ValueError('set `label_file`, or the list `classes`')
        labels = read_labels(
            osp.join(cfg.data_root, cfg.label_file),
            LabelOptions(cfg.label_separator, cfg.label_union),
        )
        if not labels.classes:
            raise ValueError(
                f'no image of {labels.source} shows a class: there is '
                'nothing to train with'
            )
        cfg.classes = [BACKGROUND, *labels.classes]
    for head in _HEADS:
        cfg.model.network[head].num_classes = len(cfg.classes)
    for split in ('train', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        dataset.update(
            data_root=cfg.data_root,
            label_file=cfg.label_file,
            label_separator=cfg.label_separator,
            label_union=cfg.label_union,
            ann_file=cfg[f'{split}_list'],
            metainfo=dict(dataset.get('metainfo', {}), classes=cfg.classes),
        )
        dataset.data_prefix.img_path = cfg.img_path
    _fill_in_evaluation(cfg)


def _check_settings(cfg: Config) -> None:
    """Refuse settings of other types."""
    for path, kind in _SETTINGS.items():
        value: Any = cfg
        key, names = '', path.split('.')
        for name in names:
            key = f'{key}.{name}'.strip('.')
            value = value.get(name)
            last = key == path
            if not fits(value, kind if last else dict):
                allowed = describe(kind if last else dict)
                hint = (
                    f'; a name of digits needs quotes: {key}=\'"{value}"\''
                    if type(value) is int and 'string' in allowed
                    else ''
                )
                raise ConfigError(
                    f'{key} must be {allowed}, got {value!r}{hint}'
                )


def _fill_in_evaluation(cfg: Config) -> None:
    """Score with masks, or write label maps."""
    dataset = cfg.test_dataloader.dataset
    dataset.data_prefix.seg_map_path = cfg.mask_path
    loading = [s for s in dataset.pipeline if loads_masks(s)]
    steps = [s for s in dataset.pipeline if not loads_masks(s)]
    if cfg.mask_path is None:
        dataset.pipeline = steps
        cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
        cfg.test_evaluator = dict(
            type='SubmissionFormatter',
            out_dir=osp.join(cfg.work_dir, 'label_maps'),
        )
        return
    # behind the resize, so that masks keep their size
    loading = loading or [dict(type='LoadAnnotations')]
    dataset.pipeline = [*steps[:-1], *loading, steps[-1]]
    cfg.val_dataloader = copy.deepcopy(cfg.test_dataloader)
    cfg.val_evaluator = cfg.test_evaluator = cfg.scores
    cfg.val_cfg = cfg.get('val_cfg') or dict(type='ValLoop')
