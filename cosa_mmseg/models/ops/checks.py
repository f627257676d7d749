"""Checks of settings, of tensors, and of parts that can be replaced."""

import inspect
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from cosa_mmseg.structures import ResizedMaps


def check_range(interval: str, /, **settings: float | None) -> None:
    """Raise unless all settings that are not None are in an interval.

    Args:
        interval (str): Such as ``'(0, 1]'`` or ``'[0, inf)'``.
        **settings (float, optional): By their names.

    Raises:
        ValueError: Naming the first one that is not.
    """
    least, most = interval[1:-1].split(', ')
    low, high = float(least), float(most)
    allowed = f'in {interval}'
    if high == float('inf'):
        allowed = f'{"at least" if interval[0] == "[" else "above"} {least}'
    for name, value in settings.items():
        if value is None:
            continue
        above = value >= low if interval[0] == '[' else value > low
        below = value <= high if interval[-1] == ']' else value < high
        if not (above and below):
            raise ValueError(f'{name} must be {allowed}, got {value}')


def check_choice(choices: Sequence[str], /, **settings: str) -> None:
    """Raise unless all settings are one of some words.

    Args:
        choices (Sequence[str]): The words.
        **settings (str): By their names.

    Raises:
        ValueError: Naming the first one that is not.
    """
    for name, value in settings.items():
        if value not in choices:
            words = ', '.join(map(repr, choices))
            raise ValueError(f'{name} must be one of {words}, got {value!r}')


def check_shape(
    expected: Sequence[int | None], /, **tensors: Tensor | ResizedMaps | None
) -> None:
    """Raise unless all tensors that are not None have a shape.

    Args:
        expected (Sequence[int | None]): The shape; None: any number.
        **tensors (Tensor, optional): By their names.

    Raises:
        ValueError: Naming the first one that has not.
    """
    for name, tensor in tensors.items():
        if tensor is None:
            continue
        shape = tuple(tensor.shape)
        if len(shape) != len(expected) or any(
            size not in (None, found)
            for size, found in zip(expected, shape, strict=True)
        ):
            sizes = ['*' if size is None else str(size) for size in expected]
            raise ValueError(
                f'{name} must be of shape ({", ".join(sizes)}), got shape '
                f'{shape}'
            )


def check_call(
    name: str, part: Any, args: Sequence[str], method: str = 'forward'
) -> None:
    """Refuse a part that does not take the arguments that it will be given.

    Most parts are called after the warm-up only, hours after they were built.

    Args:
        name (str): Of the part, for the message.
        part (nn.Module, optional): None is nothing to check.
        args (Sequence[str]): Names of its arguments.
        method (str): What is called.

    Raises:
        ValueError: It has no such method, or one with other arguments.
    """
    if part is None:
        return
    call = f'{type(part).__name__}.{method}({", ".join(args)})'
    if not hasattr(part, method):
        raise ValueError(f'{name}: {call} is called, but there is none')
    try:
        inspect.signature(getattr(part, method)).bind(*args)
    except TypeError as err:
        raise ValueError(f'{name}: {call} is called: {err}') from err
