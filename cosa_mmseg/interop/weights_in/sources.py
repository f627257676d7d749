"""What a checkpoint holds, told by the names of its weights."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from cosa_mmseg.utils.weight_checks import PLACES, WeightsError, find_weights

from .flax import flax_to_timm
from .names import timm_names
from .released import ENCODER, HEADS, rename_heads

# how DDP and torch.compile have all names of a network begin
_WRAPPERS = r'^(module\.|_orig_mod\.)+'
_PARTS = ('teacher.', 'assignment.', 'backbone.', 'timm_model.', 'model.')


@dataclass(frozen=True)
class Source:
    """The weights of a checkpoint, sorted.

    Attributes:
        title: Where they are, for messages.
        weights: Those of a backbone, by timm's names, and of the heads of a
            released network, by this project's.
        is_released: Whether there are heads.
        left_out: Names of what belongs to neither, and what it is.
    """

    title: str
    weights: dict[str, Tensor]
    is_released: bool
    left_out: dict[str, str]


def identify(content: Mapping[str, Any], path: str | Path) -> Source:
    """Sort the weights of a checkpoint.

    Args:
        content: What :func:`read_weights` read.
        path: Its file, for messages.

    Raises:
        WeightsError: If there are no weights.
    """
    weights, place = find_weights(content)
    tensors = {
        re.sub(_WRAPPERS, '', name): value.float()
        if value.is_floating_point()
        else value
        for name, value in weights.items()
        if isinstance(value, Tensor)
    }
    if not tensors:
        raise WeightsError(
            f'{path} holds no tensors, but {sorted(map(str, content))[:8]}: '
            f'weights are looked for at the top and under {list(PLACES)}; '
            'save the part that holds them alone'
        )
    if any('Transformer/encoder' in name for name in tensors):
        tensors = flax_to_timm(tensors)
    is_released = tensors.keys() >= HEADS.keys()
    prefix = ENCODER if is_released else _prefix_of_backbone(tensors)
    backbone = {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
    names = timm_names(backbone)
    rest = {k: v for k, v in tensors.items() if not k.startswith(prefix)}
    renamed = {names[name]: value for name, value in backbone.items()}
    where = place + prefix
    return Source(
        f'{path} under {where!r}' if where else str(path),
        {**renamed, **rename_heads(rest)} if is_released else renamed,
        is_released,
        {} if is_released else dict.fromkeys(rest, 'no part of the backbone'),
    )


def _prefix_of_backbone(names: Mapping[str, Tensor]) -> str:
    """Return how the names of a backbone begin in a whole network."""
    prefix = ''
    for part in _PARTS:
        if any(name.startswith(prefix + part) for name in names):
            prefix += part
    return prefix
