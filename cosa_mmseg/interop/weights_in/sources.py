"""Whose weights a checkpoint holds, told by their names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from cosa_mmseg.utils.weight_checks import PLACES, WeightsError, find_weights

from .flax import (
    flax_to_timm,
    is_flax,
)
from .names import (
    TIMM,
    NamingStyle,
    style_of,
    timm_name,
)
from .released import (
    ENCODER,
    is_released,
)

# how DDP and torch.compile have all names of a network begin
_WRAPPERS = r'^(module\.|_orig_mod\.)+'
_PARTS = ('teacher.', 'assignment.', 'backbone.', 'timm_model.', 'model.')


@dataclass(frozen=True)
class Source:
    """The weights of a checkpoint, sorted.

    Attributes:
        title: What they are, for messages.
        style: Names of the backbone.
        backbone: Weights of the backbone.
        heads: Those of the heads, if all of a CoSA network is there.
        left_out: Names of what belongs to neither, and what it is.
    """

    title: str
    style: NamingStyle
    backbone: dict[str, Tensor]
    heads: dict[str, Tensor] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def identify(content: dict[str, Any], path: str | Path) -> Source:
    """Sort the weights of a checkpoint.

    Args:
        content: What :func:`read_weights` read.
        path: Its file, for messages.

    Raises:
        WeightsError: If there are no weights.
    """
    tensors, place = _find_tensors(content, path)
    tensors = {re.sub(_WRAPPERS, '', k): v for k, v in tensors.items()}
    if is_released(tensors):
        return _released_source(tensors)
    if is_flax(tensors):
        return Source("a ViT with Flax's names", TIMM, flax_to_timm(tensors))
    return _backbone_source(tensors, place)


def _find_tensors(
    content: Mapping[str, Any], path: str | Path
) -> tuple[dict[str, Tensor], str]:
    """The innermost tensors, float32, and the keys that lead to them."""
    weights, place = find_weights(content)
    tensors = {
        name: value.float() if value.is_floating_point() else value
        for name, value in weights.items()
        if isinstance(value, Tensor)
    }
    if not tensors:
        raise WeightsError(
            f'{path} holds no tensors, but {sorted(map(str, content))[:8]}: '
            f'weights are looked for at the top and under {list(PLACES)}; '
            'save the part that holds them alone'
        )
    return tensors, place


def _backbone_source(tensors: dict[str, Tensor], place: str) -> Source:
    """The backbone of a network, which may have other parts."""
    inside = ''
    for prefix in _PARTS:
        if _below(tensors, inside + prefix):
            inside += prefix
    backbone = _below(tensors, inside)
    published = {timm_name(name): value for name, value in backbone.items()}
    style = style_of(published)
    where = f' under {place + inside!r}' if place + inside else ''
    return Source(
        style.title + where,
        style,
        published if style is TIMM else backbone,
        left_out={
            name: 'no part of the backbone'
            for name in tensors
            if not name.startswith(inside)
        },
    )


def _released_source(tensors: dict[str, Tensor]) -> Source:
    """Backbone and heads of a network of the released code."""
    return Source(
        'a whole network of the released code',
        TIMM,
        _below(tensors, ENCODER),
        {
            name: value
            for name, value in tensors.items()
            if not name.startswith(ENCODER)
        },
    )


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with a prefix, without it."""
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
