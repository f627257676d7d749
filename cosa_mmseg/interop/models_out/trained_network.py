"""One of the two networks of a training, with its weights."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmseg.registry import DATASETS, MODELS
from torch import nn

from cosa_mmseg.datasets.class_meta import check_dataset_meta
from cosa_mmseg.engine.checkpoint_classes import find_other_classes
from cosa_mmseg.engine.hooks import find_misfit
from cosa_mmseg.models.segmentors.cam_encoder_decoder import CAMEncoderDecoder
from cosa_mmseg.models.segmentors.dual_stream import DualStreamSegmentor
from cosa_mmseg.utils.config_errors import naming_the_key
from cosa_mmseg.utils.weights import WeightsError, read_weights

NETWORKS = ('assignment', 'online')


@dataclass(frozen=True)
class TrainedNetwork:
    """A network of a :class:`DualStreamSegmentor` and what it was trained on.

    Attributes:
        network (CAMEncoderDecoder): With its weights, in evaluation mode.
        classes (list[str]): Background first.
        palette (list[list[int]]): RGB colours in 0..255 of the classes.
        iteration (int, optional): When the checkpoint was written.
    """

    network: CAMEncoderDecoder
    classes: list[str]
    palette: list[list[int]]
    iteration: int | None


def is_dual_stream(cfg: Config) -> bool:
    """Whether the model of a config has an online and an assignment network.

    Args:
        cfg (Config): With ``model``.
    """
    cls = MODELS.get(cfg.model.type)
    return isinstance(cls, type) and issubclass(cls, DualStreamSegmentor)


def load_trained_network(
    cfg: Config, checkpoint: str | Path, network: str = 'assignment'
) -> TrainedNetwork:
    """Build one network of a training and give it its weights.

    Args:
        cfg (Config): The config of the training.
        checkpoint (str | Path): A checkpoint of it.
        network (str): ``'assignment'`` or ``'online'``.

    Returns:
        TrainedNetwork: On the CPU.

    Raises:
        OSError: If there is no such file.
        ValueError: If the config has no two networks, or the checkpoint
            cannot be loaded or is of another model.
    """
    if network not in NETWORKS:
        raise ValueError(
            f'network must be one of {", ".join(NETWORKS)}, got {network!r}'
        )
    if not is_dual_stream(cfg):
        raise ValueError(
            f'the model of {cfg.filename} is a {cfg.model.type}, which has no '
            "assignment and no online network; a config of model.type='CoSA' "
            'is needed'
        )
    loaded = read_checkpoint(checkpoint)
    prefix = f'{network}.'
    state = {
        name.removeprefix(prefix): tensor
        for name, tensor in loaded['state_dict'].items()
        if name.startswith(prefix)
    }
    if not state:
        raise WeightsError(
            f'{checkpoint} has no weight whose name starts with {prefix!r}, '
            f'but {next(iter(loaded["state_dict"]), "none")!r}: it is no '
            'checkpoint of a training with CoSA, such as '
            'work_dirs/<config>/iter_<number>.pth'
        )
    settings = without_pretrained(cfg.model.to_dict()['network'])
    with naming_the_key(settings, 'model.network'):
        built = MODELS.build(settings)
    load_weights(built, state, checkpoint, cfg)
    meta = loaded['meta']
    classes, palette = class_meta(meta, checkpoint, cfg)
    if len(classes) != built.num_classes:
        raise ValueError(
            f'{checkpoint} names {len(classes)} classes, but the '
            f'segmentation head of {cfg.filename} has {built.num_classes} '
            'with the background'
        )
    iteration = meta.get('iter')
    return TrainedNetwork(
        network=built.eval(),
        classes=classes,
        palette=palette,
        iteration=iteration if isinstance(iteration, int) else None,
    )


def class_meta(
    meta: Mapping, checkpoint: str | Path, cfg: Config
) -> tuple[list[str], list[list[int]]]:
    """Names and colours of the classes that a checkpoint was trained on.

    Where the config has other classes the log has a warning.

    Args:
        meta (Mapping): That of the checkpoint; without ``dataset_meta`` they
            are those of the data set that the config tests on.
        checkpoint (str | Path): Its name, for messages.
        cfg (Config): The config of the training.

    Returns:
        tuple[list[str], list[list[int]]]: K names, and K RGB colours in
        0..255.

    Raises:
        ValueError: If there are none, or they are no names and colours.
    """
    if not (found := meta.get('dataset_meta')):
        return check_dataset_meta(test_set_meta(cfg), f'{cfg.filename}')
    known = check_dataset_meta(found, f'{checkpoint} (meta.dataset_meta)')
    if others := find_other_classes(known[0], _classes_in(cfg)):
        print_log(
            f'the classes of {checkpoint} count, not those of {cfg.filename}: '
            f'{others}',
            'current',
            logging.WARNING,
        )
    return known


def _classes_in(cfg: Config) -> Sequence[str] | None:
    """Classes that a config says that its test set has."""
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    cls = DATASETS.get(str(dataset.get('type')))
    known = getattr(cls, 'METAINFO', {})
    return {**known, **(dataset.get('metainfo') or {})}.get('classes')


def read_checkpoint(checkpoint: str | Path) -> dict[str, Any]:
    """The weights of a checkpoint, and what it says of itself.

    Args:
        checkpoint (str | Path): The file.

    Returns:
        dict: ``state_dict``, on the CPU, without DDP's ``module.`` before
        names, and ``meta``, which may be empty.

    Raises:
        OSError: If there is no such file.
        ValueError: If it is no checkpoint, or holds more than weights and
            plain data.
    """
    loaded = read_weights(checkpoint)
    state = loaded.get('state_dict', loaded)
    if not isinstance(state, Mapping):
        raise WeightsError(
            f'{checkpoint} holds a {type(state).__name__} as state_dict, not '
            'a dict of named tensors'
        )
    return dict(
        state_dict={k.removeprefix('module.'): v for k, v in state.items()},
        meta=find_meta(loaded),
    )


def find_meta(content: Mapping) -> Mapping:
    """What a checkpoint says of itself; empty if it is no dict."""
    meta = content.get('meta')
    return meta if isinstance(meta, Mapping) else {}


def load_weights(
    model: nn.Module, state: dict, checkpoint: str | Path, cfg: Config
) -> None:
    """Give a model its weights, all of them and no others.

    Args:
        model (nn.Module): The model.
        state (dict[str, Tensor]): Its weights.
        checkpoint (str | Path): Where they come from, for the message.
        cfg (Config): Where the model comes from, for the message.

    Raises:
        WeightsError: If a weight is missing, left over or of another shape.
    """
    problem = find_misfit(model, state)
    if not problem:
        try:
            model.load_state_dict(state)
        except RuntimeError as err:  # a buffer, or a part that is left over
            problem = ' '.join(str(err).split())
    if problem:
        raise WeightsError(
            f'{checkpoint} is no checkpoint of the model of {cfg.filename}: '
            f'{problem}'
        )


def without_pretrained(cfg: Any) -> Any:
    """A copy of a config's part that names no weights to start from.

    ``pretrained`` and every ``init_cfg`` of type ``Pretrained`` are left out,
    at any depth.

    Args:
        cfg (Any): Plain data.
    """
    if isinstance(cfg, Mapping):
        return {
            key: without_pretrained(value)
            for key, value in cfg.items()
            if key != 'pretrained'
            and not (key == 'init_cfg' and _is_pretrained(value))
        }
    if isinstance(cfg, (list, tuple)):
        return [without_pretrained(value) for value in cfg]
    return cfg


def _is_pretrained(init_cfg: dict | list | None) -> bool:
    """Whether a model's initialisation is, or begins with, a file."""
    parts = init_cfg if isinstance(init_cfg, (list, tuple)) else [init_cfg]
    return any(part and part.get('type') == 'Pretrained' for part in parts)


def test_set_meta(cfg: Config) -> dict:
    """Classes and colours of the data set that a config tests on.

    Raises:
        ValueError: If it tests on none.
    """
    if cfg.get('test_dataloader') is None:
        raise ValueError(
            'the checkpoint does not name its classes (meta.dataset_meta), '
            f'and {cfg.filename} has no test_dataloader that does'
        )
    dataset = cfg.test_dataloader.dataset
    return DATASETS.build(dict(dataset, lazy_init=True)).metainfo
