"""Whether weights are those that were written, and such as networks have."""

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

AGAIN = 'download or copy the file again'
# How much larger than its file a checkpoint is: weights hardly shrink
_MOST_GROWTH, _ALWAYS_BYTES = 50, 64 << 20
# Keys under which checkpoints keep their weights, the first that there is
PLACES = ('state_dict', 'teacher', 'model')
_FOLDER = 0x10  # what a zip file has in the attributes of a folder
_LONGEST_NAME = 500  # of a weight, characters


class WeightsError(ValueError):
    """Weights cannot be used; the message says why and what to do."""


def check_sums(path: Path) -> None:
    """Compare what a zip file holds with its check sums: torch does not.

    Args:
        path: The file, such as ``torch.save`` or ``numpy.savez`` write it.

    Raises:
        WeightsError: If a byte has changed, or the file is cut.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
            if size > _ALWAYS_BYTES + _MOST_GROWTH * path.stat().st_size:
                raise ValueError(f'it unpacks to {size} bytes')
            damaged = archive.testzip()
            for info in archive.infolist():
                # torch leaves the memory of such a tensor as it was
                if info.external_attr & _FOLDER:
                    damaged = info.filename
    except Exception as err:  # whatever random bytes lead to
        raise WeightsError(
            f'{path} is no checkpoint of PyTorch, or a part of one ({err}): '
            f'{AGAIN}'
        ) from err
    if damaged:
        raise WeightsError(
            f'{path} is damaged (the check sum of {damaged!r} is another): '
            f'{AGAIN}'
        )


def check_weights(content: Any, name: str | Path) -> None:
    """Refuse what is no checkpoint, or has weights that are not finite.

    Args:
        content: What a file holds.
        name: Of the file, for messages.

    Raises:
        WeightsError: If it is no dict, its weights are NaN or infinite, or
            the name of one is no printable text.
    """
    if not isinstance(content, dict):
        raise WeightsError(
            f'{name} holds a {type(content).__name__}, not a dict of named '
            'tensors: save the state_dict() of the network'
        )
    weights, _ = find_weights(content)
    for key in weights:
        if not (
            isinstance(key, str)
            and key.isprintable()
            and len(key) <= _LONGEST_NAME
        ):
            raise WeightsError(
                f'{name} has a weight named {key!r:.80}, which is no name of '
                'a weight: save the state_dict() of the network'
            )
    check_finite(weights, name)


def find_weights(content: Mapping) -> tuple[Mapping, str]:
    """The innermost dict of weights, and the keys that lead to it.

    Args:
        content: What a file holds.
    """
    place = ''
    for _ in PLACES:  # a dict may hold itself
        for key in PLACES:
            if isinstance(content.get(key), Mapping):
                content, place = content[key], f'{place}{key}.'
                break
    return content, place


def check_finite(content: Any, name: str | Path) -> None:
    """Refuse tensors that hold NaN or infinity.

    Args:
        content: Tensors, in dicts and lists of any depth.
        name: Of the file, for the message.

    Raises:
        WeightsError: If there is one.
    """
    for key, tensor in _tensors(content):
        try:
            finite = _is_finite(tensor)
        except RuntimeError as err:  # sparse, without storage
            kind = f'{tensor.layout} on {tensor.device}'
            raise WeightsError(
                f'{name} holds no plain numbers in {key!r:.80} ({kind}): save '
                'dense tensors'
            ) from err
        if not finite:
            raise WeightsError(
                f'{name} holds NaN or infinity in {key!r:.80}: its training '
                'diverged or the file is damaged, so take an earlier '
                f'checkpoint, or {AGAIN}'
            )


def _tensors(content: Any) -> Iterator[tuple[str, Tensor]]:
    """All tensors with their keys, in dicts and lists of any depth."""
    left, seen = [('', content)], set()
    while left:
        name, part = left.pop()
        if id(part) in seen:  # a dict may hold itself
            continue
        seen.add(id(part))
        if isinstance(part, Tensor):
            yield name, part
        elif isinstance(part, list | tuple):
            left += [(f'{name}[{i}]', value) for i, value in enumerate(part)]
        elif isinstance(part, Mapping):
            dot = '.' if name else ''
            left += [(f'{name}{dot}{k}', part[k]) for k in [*part][::-1]]


def _is_finite(tensor: Tensor) -> bool:
    """Whether all values are numbers that can be looked at."""
    # a few bytes can be repeated to any size
    tensor = tensor[tuple(slice(None if n else 1) for n in tensor.stride())]
    if not tensor.is_floating_point() or not tensor.numel():
        return True
    return all(bool(end.isfinite()) for end in tensor.aminmax())
