"""The arguments of a model as tensors and plain data, and back."""

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

import numpy as np
import torch
from mmengine.structures import (
    BaseDataElement,
    InstanceData,
    LabelData,
    PixelData,
)
from mmseg.structures import SegDataSample
from torch import Tensor

KIND = 'data_element'  # key of the dicts that stand for data elements
KINDS = {
    kind.__name__: kind
    for kind in (
        SegDataSample,
        PixelData,
        LabelData,
        InstanceData,
        BaseDataElement,
    )
}


def to_plain(value: Any) -> Any:
    """Return tensors on the CPU, numbers, strings, None, tuples, lists, dicts.

    Data elements (mmengine) become dicts; of anything else only its ``repr``
    is kept.

    Args:
        value (Any): Arguments of a model.
    """
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, BaseDataElement):
        name = type(value).__name__
        return {
            KIND: name if name in KINDS else BaseDataElement.__name__,
            'metainfo': to_plain(value.metainfo),
            'fields': to_plain(dict(value.items())),
            'on_device': any(not x.is_cpu for x in tensors_in(value)),
        }
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = map(to_plain, value)
        return tuple(items) if isinstance(value, tuple) else list(items)
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if value is None or type(value) in (bool, int, float, str):
        return value
    return repr(value)


def from_plain(value: Any, device: torch.device) -> Any:
    """Invert :func:`to_plain`; what was on a GPU goes to ``device``.

    Args:
        value (Any): The result of :func:`to_plain`.
        device (torch.device): Of the tensors, but for those of data elements
            that were on the CPU.
    """
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict) and KIND in value:
        own = device if value['on_device'] else torch.device('cpu')
        element = KINDS[value[KIND]](metainfo=value['metainfo'])
        element.set_data(from_plain(value['fields'], own))
        return element
    if isinstance(value, dict):
        return {key: from_plain(item, device) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(from_plain(item, device) for item in value)
    return value


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
