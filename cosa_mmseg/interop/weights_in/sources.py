"""What a checkpoint holds, told by the names of its weights."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from cosa_mmseg.utils.weight_checks import PLACES, WeightsError, find_weights

from .flax import flax_to_timm
from .names import timm_names
from .released import ENCODER, HEADS

# how DDP and torch.compile have all names of a network begin
_WRAPPERS = r'^(module\.|_orig_mod\.)+'
_PARTS = ('teacher.', 'assignment.', 'backbone.', 'timm_model.', 'model.')


@dataclass(frozen=True)
class Source:
    """The weights of a checkpoint, sorted.

    Attributes:
        title: Where they are, for messages.
        backbone: Weights of the backbone, by timm's names.
        heads: Those of the heads, if all of a released network is there.
        left_out: Names of what belongs to neither, and what it is.
    """

    title: str
    backbone: dict[str, Tensor]
    heads: dict[str, Tensor] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


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
    return Source(
        f'{path} under {place + prefix!r}' if place + prefix else str(path),
        {names[name]: value for name, value in backbone.items()},
        rest if is_released else {},
        {} if is_released else dict.fromkeys(rest, 'no part of the backbone'),
    )


def _prefix_of_backbone(names: Mapping[str, Tensor]) -> str:
    """Return how the names of a backbone begin in a whole network."""
    prefix = ''
    for part in _PARTS:
        if any(name.startswith(prefix + part) for name in names):
            prefix += part
    return prefix
