"""Whether a file holds what a dump of a training step does."""

import typing
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from cosa_mmseg.utils.config_parameters import (
    describe,
    fits,
)

DTYPES = ('float32', 'bfloat16', 'float16')
_MAX_DEPTH = 64
_MAX_COUNT = 1 << 62
_MAX_EXPANDED_BYTES = 64 << 20


def check_plain(content: Any) -> None:
    """Raise unless a value is a tree of tensors and plain data.

    Args:
        content: What a file holds.

    Raises:
        ValueError: It holds something else, is nested too deep, or has an
            object in two places, so that it might have no end.
    """
    todo, seen = [(content, 0)], set[int]()
    while todo:
        value, depth = todo.pop()
        if type(value) is Tensor:
            _check_tensor(value)
        elif type(value) in (dict, list, tuple):
            if value and (id(value) in seen or depth > _MAX_DEPTH):
                raise ValueError('it is nested without end, or too deep')
            seen.add(id(value))
            if isinstance(value, dict):
                if not all(type(key) is str for key in value):
                    raise ValueError('the keys of a dict must be texts')
                value = value.values()
            todo += [(item, depth + 1) for item in value]
        elif value is not None and type(value) not in (bool, int, float, str):
            raise ValueError(
                f'it holds a {type(value).__name__}, but only tensors and '
                'plain data are allowed'
            )


def _check_tensor(tensor: Tensor) -> None:
    """Raise unless the numbers of a tensor are in the file, or are few."""
    if tensor.layout != torch.strided or tensor.device.type != 'cpu':
        raise ValueError('a tensor in it is sparse, or without numbers')
    needed = tensor.numel() * tensor.element_size()
    if needed > max(tensor.untyped_storage().nbytes(), _MAX_EXPANDED_BYTES):
        raise ValueError(
            f'a tensor of the shape {tuple(tensor.shape)} in it has fewer '
            'numbers than that'
        )


def check_kinds(content: Mapping[str, Any], kinds: Mapping[str, Any]) -> None:
    """Raise unless the parts of a dump are of their kinds.

    Args:
        content: The parts by name, as of :class:`StepDump`.
        kinds: Their annotations, by name.

    Raises:
        ValueError: With the name of the part.
    """
    for name, kind in kinds.items():
        value = content[name]
        if not fits(value, kind):
            raise ValueError(
                f'{name} must be {describe(kind)}, but is {value!r:.60}'
            )
        if isinstance(value, dict) and (inner := typing.get_args(kind)[1:]):
            _check_items(name, value, inner[0])
        if isinstance(value, int) and not 0 <= value < _MAX_COUNT:
            raise ValueError(f'{name} must be from 0 to {_MAX_COUNT - 1}')
    if content['dtype'] not in DTYPES:
        raise ValueError(f'dtype must be one of {", ".join(DTYPES)}')
    _check_call(content['call'])
    state = content['random'].get('cpu', torch.empty(0))
    if state.dtype != torch.uint8 or state.ndim != 1:
        raise ValueError('random.cpu must be the state of a generator')


def _check_items(name: str, items: dict[str, Any], kind: Any) -> None:
    for key, item in items.items():
        if kind is not Any and not isinstance(item, kind):
            raise ValueError(
                f'{name}[{key[:80]!r}] must be a {kind.__name__}, but is a '
                f'{type(item).__name__}'
            )


def _check_call(call: dict[str, Any]) -> None:
    """Raise unless it is a call for losses."""
    args, kwargs = call.get('args'), call.get('kwargs')
    if not isinstance(args, list | tuple) or not isinstance(kwargs, dict):
        raise ValueError('call must hold args, a list, and kwargs, a dict')
    if kwargs.get('mode') != 'loss':
        raise ValueError("call.kwargs.mode must be 'loss'")
