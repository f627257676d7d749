"""Tensors in nested data."""

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

from mmengine.structures import BaseDataElement
from torch import Tensor


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yield all tensors in nested containers, data elements, dataclasses."""
    items: Any = ()
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping | BaseDataElement):
        items = value.values()
    elif isinstance(value, list | tuple):
        items = value
    elif is_dataclass(value):
        items = vars(value).values()
    for item in items:
        yield from tensors_in(item)


def is_finite(value: Any) -> bool:
    """Return True if all floating-point numbers in a nest of tensors are.

    Args:
        value (Any): As of :func:`tensors_in`.
    """
    return all(
        bool(tensor.isfinite().all())
        for tensor in tensors_in(value)
        if tensor.is_floating_point()
    )
