"""Backbones and decode heads that there are configs for."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from mmengine.config import Config

from cosa_mmseg.config.config_path import find_config

RECIPE = 'cosa/cosa_vit-b_voc.py'
SHAPES = 'cosa/cosa_shapes.py'
# The two configs beside the folder have as many features as their own heads
# read; others read up to four.
FOUR_FEATURES = {
    'vit-b': dict(out_indices=[3, 6, 9, 11]),
    'small-resnet': dict(
        num_stages=4,
        strides=(2, 2, 1, 1),
        dilations=(1, 1, 1, 1),
        out_indices=(0, 1, 2, 3),
    ),
}


def backbone_configs() -> dict[str, Path]:
    """Name of each backbone and its config, ``cosa_<name>_voc.py``."""
    recipe = Path(find_config(RECIPE))
    folder = recipe.parent / 'backbones'
    return {
        'vit-b': recipe,
        'small-resnet': Path(find_config(SHAPES)),
        **{_words(path)[1]: path for path in sorted(folder.glob('*.py'))},
    }


def head_configs() -> dict[str, Path]:
    """Name of each head and a config, ``cosa_<backbone>_<name>_voc.py``."""
    recipe = Path(find_config(RECIPE))
    folder = recipe.parent / 'heads'
    return {
        'largefov': recipe,
        **{_words(path)[2]: path for path in sorted(folder.glob('*.py'))},
    }


def _words(path: Path) -> list[str]:
    return path.stem.split('_')


def select(
    kind: str, names: Iterable[str] | None, known: Mapping[str, Path]
) -> list[str]:
    """Those that are asked for, in their order; None: all.

    Raises:
        ValueError: If one is not known.
    """
    chosen = list(known if names is None else names)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise ValueError(
            f'no {kind} {" ".join(unknown)}; there are {" ".join(known)}'
        )
    return chosen


def load_backbone(name: str, path: Path) -> Config:
    """The config of a backbone that gives four features."""
    cfg = Config.fromfile(path)
    cfg.model.network.backbone.update(FOUR_FEATURES.get(name, {}))
    return cfg
