"""Build what a config describes once, before anything is written."""

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from torch import nn

from cosa_mmseg.datasets import ImageLabelDataset
from cosa_mmseg.datasets.findings import find_in_masks
from cosa_mmseg.evaluation import (
    CAMIoUMetric,
    ClassificationMetric,
    LabelFilteredIoUMetric,
    OnlineNetworkMetric,
    SubmissionFormatter,
)
from cosa_mmseg.utils.config_errors import (
    ConfigError,
    dicts_in,
    join,
    naming_the_key,
)

from .hooks import (
    build_hooks,
    check_hooks,
    check_pictures,
)
from .names import check_names
from .optimization import build_optimization
from .settings import (
    check_files,
    check_log,
    check_loop,
    check_run,
    check_total_batch,
    check_types,
)
from .weights import check_weights

_OF_LABELS = (CAMIoUMetric, ClassificationMetric, LabelFilteredIoUMetric)


def check_config(cfg: Config) -> tuple[Any, Any]:
    """Build what a training with a config builds, to see that it can be.

    Types of arguments are checked against the annotations of this project's
    classes; all else is what the constructors themselves refuse. Nothing is
    written, logged or kept, and the config is not changed.

    Args:
        cfg (Config): A whole config, for training.

    Returns:
        tuple: The data sets of training and validation, None where there is
        none.

    Raises:
        ConfigError: What is wrong, in one sentence with the dotted key, the
            value and what is allowed. Lists and labels that cannot be read
            count; images are not read.
        WeightsError: Weights that it starts from do not load or fit.
    """
    init_default_scope(cfg.get('default_scope') or 'mmengine')
    check_names(cfg)
    check_types(cfg)
    check_run(cfg)
    check_files(cfg)
    with _silence():
        check_log(cfg)
        check_loop(cfg.train_cfg, 'train_cfg')
        check_loop(cfg.get('val_cfg'), 'val_cfg')
        check_total_batch(cfg)
        hooks = build_hooks(cfg)
        model = build_model(cfg)
        check_hooks(hooks, cfg, model)
        optim_wrapper = build_optimization(cfg, model)
        train = _build_data(cfg, 'train', model)
        check_weights(hooks.values(), cfg, model, optim_wrapper, train)
        val = _build_data(cfg, 'val', model)
        check_pictures(hooks, val, cfg, model)
        return train, val


@contextmanager
def _silence() -> Iterator[None]:
    """Log nothing: the training that follows has all lines again."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def build_model(cfg: Config) -> nn.Module:
    """Build the model of a config, which is not changed.

    Raises:
        ConfigError: It cannot be built; the message has the key.
    """
    model = copy.deepcopy(cfg.model)
    if cfg.get('data_preprocessor') is not None:
        model.setdefault('data_preprocessor', cfg.data_preprocessor)
    with naming_the_key(cfg.model, 'model'):
        return MODELS.build(model)


def _build_data(cfg: Config, split: str, model: nn.Module) -> Any:
    """Build data set and metrics; their classes must be those of the model."""
    path = f'{split}_dataloader'
    settings = cfg.get(path)
    if settings is None:
        return None
    with naming_the_key(settings, path):
        loader = Runner.build_dataloader(settings, seed=0)
    classes = (getattr(loader.dataset, 'metainfo', None) or {}).get('classes')
    number = getattr(model, 'num_classes', None)
    if classes and number and len(classes) != number:
        raise ConfigError(
            f'{_class_key(cfg)}={number}, but {path}.dataset has '
            f'{len(classes)} classes ({", ".join(classes[:3])}, ...), the '
            'background included: set one to the number of the other'
        )
    metrics = cfg.get(f'{split}_evaluator')
    if metrics is not None:
        with naming_the_key(metrics, f'{split}_evaluator'):
            evaluator = Evaluator(copy.deepcopy(metrics))
        _check_labels(evaluator, loader.dataset, split)
    return loader.dataset


def check_test(runner: Runner, cfg: Config) -> None:
    """Build the data and the metrics of a test, to see that they can be.

    A runner does so when its test begins, and does not name the key. What in
    the data is likely a mistake goes to its log.

    Args:
        runner: Made of the config.
        cfg: The config.

    Raises:
        ConfigError: As :func:`check_config`.
        SubmissionError: Label maps of two images would have one name.
        BadFileError: Masks contradict the labels; some of them are read.
    """
    built = []
    for key, build in (
        ('test_dataloader', runner.build_dataloader),
        ('test_evaluator', runner.build_evaluator),
    ):
        with naming_the_key(cfg[key], key):
            built.append(build(copy.deepcopy(cfg[key])))
    loader, evaluator = built
    for metric in _metrics(evaluator):
        if isinstance(metric, SubmissionFormatter):
            indices = range(len(loader.dataset))
            metric.check_names(map(loader.dataset.get_data_info, indices))
    found = find_in_masks(loader.dataset)
    for level, sentence in found:
        runner.logger.log(level, sentence)
    if found and 'scores' in cfg and not cfg.test_dataloader.dataset.ann_file:
        runner.logger.warning(
            'test_list is not set: all images that have a label are scored, '
            'those that the model was trained with among them, if it was '
            'trained with this data'
        )


def _check_labels(evaluator: Evaluator, dataset: Any, split: str) -> None:
    """Refuse images without the labels that a metric would ask for."""
    asking = [m for m in _metrics(evaluator) if isinstance(m, _OF_LABELS)]
    if not asking or not isinstance(dataset, ImageLabelDataset):
        return
    infos = map(dataset.get_data_info, range(len(dataset)))
    names = [info['img_id'] for info in infos if 'gt_label' not in info]
    if names:
        raise ConfigError(
            f'{split}_evaluator: {type(asking[0]).__name__} needs the '
            f'image-level labels of all images, but {len(names)} of the '
            f'{len(dataset)} of {split}_dataloader.dataset have none; the '
            f'first is {names[0]!r}: add them to label_file, or leave such '
            'metrics out'
        )


def _metrics(evaluator: Evaluator) -> Iterator[Any]:
    """Yield its metrics, and those of the online network."""
    for metric in evaluator.metrics:
        if isinstance(metric, OnlineNetworkMetric):
            yield from _metrics(metric.evaluator)
        else:
            yield metric


def _class_key(cfg: Config) -> str:
    """Return the key that has the number of classes of the model."""
    for path, node in dicts_in(cfg.to_dict()['model'], 'model'):
        if 'num_classes' in node:
            return join(path, 'num_classes')
    return 'the number of classes of the model'
