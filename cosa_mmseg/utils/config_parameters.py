"""What the constructors of registered parts take."""

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

_NAMES = {
    bool: 'True or False',
    dict: 'a dict',
    float: 'a number',
    int: 'a whole number',
    str: 'a string',
    types.NoneType: 'None',
}


def parameters(part: Callable) -> dict[str, inspect.Parameter]:
    """Parameters of a constructor or a function, by their names.

    Those of a class that hands ``**kwargs`` on are followed by those of its
    bases.
    """
    return {
        name: parameter
        for function in _functions(part)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind
        not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }


def annotations(part: type, package: str) -> dict[str, Any]:
    """Types of the parameters that the classes of a package declare."""
    found: dict[str, Any] = {}
    for function in _functions(part):
        if function.__module__.split('.')[0] == package:
            found = {**typing.get_type_hints(function), **found}
    return found


def takes_any(part: Callable) -> bool:
    """Whether a constructor takes names that it does not state."""
    *_, last = _functions(part)
    return _hands_on(last)


def _functions(part: Callable) -> list[Callable]:
    """The constructors that see the arguments, the part's own first."""
    if not inspect.isclass(part):
        return [part]
    found: list[Callable] = []
    for base in inspect.getmro(part):
        if inspect.isfunction(init := vars(base).get('__init__')):
            found.append(init)
            if not _hands_on(init):
                break
    return found


def _hands_on(function: Callable) -> bool:
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    return inspect.Parameter.VAR_KEYWORD in kinds


def fits(value: Any, kind: Any) -> bool:
    """Whether a value of a config is of an annotated type.

    Lists and tuples are the same, and a whole number is a number; True, False
    and NaN are none. What is no plain type fits.
    """
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, inner) for inner in typing.get_args(kind))
    if origin in (list, tuple, collections.abc.Sequence):
        return isinstance(value, list | tuple) and _items_fit(value, kind)
    kind = origin or kind
    if kind in (int, float):
        number = (int, float) if kind is float else int
        is_number = isinstance(value, number) and value == value
        return is_number and not isinstance(value, bool)
    if kind in (dict, Mapping):
        return isinstance(value, Mapping)
    return kind not in _NAMES or isinstance(value, kind)


def _items_fit(value: list | tuple, kind: Any) -> bool:
    """Whether all items of a sequence are of the annotated types."""
    inner = typing.get_args(kind)
    if typing.get_origin(kind) is tuple and ... not in inner:
        return len(value) == len(inner) and all(map(fits, value, inner))
    return all(fits(item, inner[0]) for item in value)


def describe(kind: Any) -> str:
    """An annotated type in words: 'a number or None'."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return ' or '.join(map(describe, inner))
    if origin is tuple and ... not in inner:
        return f'({", ".join(map(describe, inner))})'
    if origin in (list, tuple, collections.abc.Sequence):
        return f'a list, each item {describe(inner[0])}'
    kind = origin or kind
    return _NAMES.get(kind, getattr(kind, '__name__', str(kind)))
