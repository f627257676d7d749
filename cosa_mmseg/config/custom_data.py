"""Settings of the data, which a command line or a config gives once."""

import copy
import os.path as osp
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from cosa_mmseg.datasets import ImageLabelDataset
from cosa_mmseg.datasets.class_meta import classes_of
from cosa_mmseg.utils.config_errors import PACKAGE, dicts_in, join
from cosa_mmseg.utils.config_parameters import annotations
from cosa_mmseg.utils.pipelines import loads_masks, without_masks

from .settings import refuse_other_kind

# where an argument of data sets may be, and that of the model's data set, in
# which it counts the classes
_PLACES = (
    'model.network.num_classes',
    'train_dataloader.dataset',
    'val_dataloader.dataset',
    'test_dataloader.dataset',
)
_ARGUMENTS = (
    *('data_root', 'label_file', 'label_separator', 'label_union'),
    *('img_path', 'classes'),
)
# settings that are arguments of some of the data sets by another name
_OTHERS = {
    'train_list': ('train', 'ann_file'),
    'train_masks': ('train', 'train_masks'),
    'test_list': ('val', 'test', 'ann_file'),
    'mask_path': ('val', 'test', 'data_prefix.seg_map_path'),
}


def set_data(cfg: Config, options: Mapping[str, Any]) -> dict[str, Any]:
    """Put settings of the data where they are used.

    One that is an argument of the data sets of a config is set in all of
    them. A config for data of one's own, which has ``scores`` for masks, may
    have them at its top, too.

    Args:
        cfg: The config, with ``work_dir``; it is changed: it validates if
            there is a ``mask_path``.
        options: Values by dotted key, as of ``--cfg-options``.

    Returns:
        dict: The options with the keys of data sets in the place of settings,
        and where label maps go if there are no masks: to the work dir.
    """
    found: dict[str, Any] = {}
    if 'scores' in cfg:
        names = [n for n in (*_ARGUMENTS, *_OTHERS) if n in cfg]
        options = {**{n: cfg.pop(n) for n in names}, **options}
        _check_types(options)
        if 'mask_path' in options:
            _score(cfg, options['mask_path'] is not None)
        if _at(cfg, 'test_evaluator.type') == 'SubmissionFormatter':
            out_dir = osp.join(cfg.work_dir, 'label_maps')
            found['test_evaluator.out_dir'] = out_dir
    for name, value in options.items():
        found.update({k: value for k in _keys(cfg, name)} or {name: value})
    return found


def _check_types(options: Mapping[str, Any]) -> None:
    """Refuse settings of types that the data sets do not take."""
    kinds = {
        **dict.fromkeys((*_ARGUMENTS, *_OTHERS), str | None),
        **annotations(ImageLabelDataset, PACKAGE),
        'classes': Sequence[str] | None,
    }
    for name in options.keys() & {*_ARGUMENTS, *_OTHERS}:
        refuse_other_kind(name, options[name], kinds[name])


def _keys(cfg: Config, name: str) -> Iterator[str]:
    """Yield the dotted keys of a setting; none if it is something else."""
    if name in _ARGUMENTS:
        for place in _PLACES:
            for path, node in dicts_in(_at(cfg, place), place):
                if name in node:
                    yield join(path, name)
    *splits, key = _OTHERS.get(name, ('',))
    for split in splits:
        if _at(cfg, place := f'{split}_dataloader.dataset'):
            yield join(place, key)


def _at(cfg: Any, place: str) -> Any:
    """Return what a config has at a place, or None."""
    for key in place.split('.'):
        cfg = cfg.get(key) if isinstance(cfg, Mapping | Config) else None
    return cfg


def _score(cfg: Config, masks: bool) -> None:
    """Validate and test with masks, or write label maps in a test."""
    dataset = cfg.test_dataloader.dataset
    loading = [s for s in dataset.pipeline if loads_masks(s)]
    steps = without_masks(dataset.pipeline)
    if not masks:
        dataset.pipeline = steps
        cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
        cfg.test_evaluator = dict(type='SubmissionFormatter', out_dir='')
        return
    # behind the resize, so that masks keep their size
    loading = loading or [dict(type='LoadAnnotations')]
    dataset.pipeline = [*steps[:-1], *loading, steps[-1]]
    cfg.val_dataloader = copy.deepcopy(cfg.test_dataloader)
    cfg.val_evaluator = cfg.test_evaluator = cfg.scores
    cfg.val_cfg = cfg.get('val_cfg') or dict(type='ValLoop')


def fill_in_classes(cfg: Config) -> None:
    """Count the classes of the data, where the config says so.

    It then has their names and their number, and needs no label file for them
    where it is used again.

    Args:
        cfg: The config; it is changed.

    Raises:
        FileNotFoundError: There is no such label file.
        ValueError: It is malformed, or there are neither labels nor classes.
    """
    labels = _at(cfg, 'model.network.num_classes')
    if not isinstance(labels, Mapping):
        return
    classes = classes_of(labels)
    for place in _PLACES[1:]:
        if dataset := _at(cfg, place):
            metainfo = dataset.get('metainfo') or {}
            dataset.metainfo = dict(metainfo, classes=classes)
    cfg.model.network.num_classes = len(classes)
