"""What a model is called with, as tensors and plain data, and back."""

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
    """Tensors on the CPU, numbers, strings, None, tuples, lists and dicts.

    Data elements (mmengine) become dicts; of what else there is only its
    ``repr`` is kept.

    Args:
        value (Any): What a model is called with, or a part of a config.
    """
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, BaseDataElement):
        return _plain_element(value)
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [to_plain(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return _plain_scalar(value)


def _plain_element(value: BaseDataElement) -> dict[str, Any]:
    """A data element as a dict."""
    name = type(value).__name__
    return {
        KIND: name if name in KINDS else BaseDataElement.__name__,
        'metainfo': to_plain(value.metainfo),
        'fields': to_plain(dict(value.items())),
        'on_device': any(not x.is_cpu for x in tensors_in(value)),
    }


def _plain_scalar(value: Any) -> bool | int | float | str | None:
    """A number, a string, None; of anything else its ``repr``."""
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):  # or a subclass
        if isinstance(value, kind):
            return kind(value)
    return repr(value)


def from_plain(value: Any, device: torch.device) -> Any:
    """What :func:`to_plain` was given; what was on a GPU goes to ``device``.

    Args:
        value (Any): What :func:`to_plain` gave.
        device (torch.device): Of the tensors, but for those of data elements
            that were on the CPU.
    """
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict) and KIND in value:
        own = device if value['on_device'] else torch.device('cpu')
        fields = from_plain(value['fields'], own)
        element = KINDS[value[KIND]](metainfo=value['metainfo'])
        element.set_data(fields)
        return element
    if isinstance(value, dict):
        return {key: from_plain(item, device) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(from_plain(item, device) for item in value)
    return value


def tensors_in(value: Any) -> Iterator[Tensor]:
    """All tensors of a nest of containers, data elements and dataclasses."""
    if isinstance(value, Tensor):
        yield value
        return
    items: Any = ()
    if isinstance(value, (Mapping, BaseDataElement)):
        items = value.values()
    elif isinstance(value, (list, tuple)):
        items = value
    elif is_dataclass(value):
        items = vars(value).values()
    for item in items:
        yield from tensors_in(item)
