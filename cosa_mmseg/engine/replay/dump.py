"""A training step in a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

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
from torch.serialization import default_restore_location, safe_globals

from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.config_parameters import describe, fits
from cosa_mmseg.utils.weight_checks import check_sums
from cosa_mmseg.utils.weights import WeightsError, load_safely

MAGIC = 'cosa_mmseg step dump 3'
ELEMENTS = (SegDataSample, PixelData, LabelData, InstanceData, BaseDataElement)
DTYPES = ('float32', 'bfloat16', 'float16')
_PLAIN = (type(None), bool, int, float, str, np.generic)
_MAX_DEPTH, _MAX_VALUES = 64, 1_000_000
_MAX_EXPANDED_BYTES = 64 << 20


@dataclass(frozen=True)
class StepDump:
    """All that it takes to compute the losses of a batch again but the model.

    Its file holds tensors, data elements (mmengine) and plain data only, so
    that reading it runs no code of it, and it names no part to be built.

    Attributes:
        iteration: Iterations before this one.
        max_iters: Iterations of the training.
        rank: Number of the process that dumped it.
        world_size: Number of processes.
        terms: Each loss of the batch.
        images: Files of the batch.
        state: The model's state before the step.
        call: Arguments of the model's ``forward``: ``args`` and ``kwargs``.
        random: States of the random number generators, by device type.
        dtype: In which matrices were multiplied, such as ``'bfloat16'``.
    """

    iteration: int
    max_iters: int
    rank: int
    world_size: int
    terms: dict[str, float]
    images: list[str]
    state: dict[str, Tensor]
    call: dict[str, Any]
    random: dict[str, Tensor]
    dtype: str

    def save(self, path: str | Path) -> None:
        """Write it, whole or not at all.

        Args:
            path: Where to; an older file there is replaced.
        """
        with atomic_file(path) as unfinished:
            torch.save({'magic': MAGIC, **vars(self)}, unfinished)

    @classmethod
    def load(
        cls, path: str | Path, device: torch.device | str = 'cpu'
    ) -> 'StepDump':
        """Read a dump; nothing in it is executed.

        Args:
            path: The file.
            device: Where what was on a GPU goes to.

        Raises:
            OSError: It cannot be read.
            ValueError: It is no dump.
        """
        if Path(path).exists() and not Path(path).is_file():
            raise ValueError(f'{path} is not a regular file')

        def locate(storage: Any, location: str) -> Any:
            there = 'cpu' if location == 'cpu' else str(device)
            return default_restore_location(storage, there)

        with open(path, 'rb') as file:
            try:
                check_sums(Path(path))
                with safe_globals([*ELEMENTS]):
                    content = load_safely(
                        path,
                        lambda: torch.load(
                            file, map_location=locate, weights_only=True
                        ),
                    )
            except WeightsError as err:
                raise ValueError(
                    f'{path} is no dump of a training step, or is damaged: '
                    f'{err}'
                ) from err
        if not isinstance(content, dict) or content.pop('magic', 0) != MAGIC:
            raise ValueError(
                f'{path} is no dump of a training step: those are the '
                'non_finite_*.dump files in the work dir of a run that '
                'stopped at a loss that was not finite'
            )
        try:
            _check_plain(content)
            _check_kinds(content)
        except ValueError as err:
            raise ValueError(f'{path} is damaged: {err}') from err
        return cls(**content)


def _check_plain(content: Any) -> None:
    """Raise unless a value is a tree of tensors, data elements, plain data.

    Raises:
        ValueError: It holds something else, or is nested too deep.
    """
    todo, left = [(content, 0)], _MAX_VALUES
    while todo:
        value, depth = todo.pop()
        left -= 1
        if depth > _MAX_DEPTH or left < 0:
            raise ValueError('it is nested without end, or too deep')
        if type(value) is Tensor:
            _check_tensor(value)
        elif type(value) in (dict, list, tuple, set, *ELEMENTS):
            items = vars(value) if type(value) in ELEMENTS else value
            if isinstance(items, dict):
                if not all(type(key) is str for key in items):
                    raise ValueError('the keys of a dict must be texts')
                items = items.values()
            todo += [(item, depth + 1) for item in items]
        elif not isinstance(value, _PLAIN):
            raise ValueError(
                f'it holds a {type(value).__name__}, but only tensors and '
                'plain data are allowed'
            )


def _check_tensor(tensor: Tensor) -> None:
    """Raise unless the numbers of a tensor are in the file, or are few."""
    if tensor.layout != torch.strided or tensor.is_meta:
        raise ValueError('a tensor in it is sparse, or without numbers')
    needed = tensor.numel() * tensor.element_size()
    if needed > max(tensor.untyped_storage().nbytes(), _MAX_EXPANDED_BYTES):
        raise ValueError(
            f'a tensor of the shape {tuple(tensor.shape)} in it has fewer '
            'numbers than that'
        )


def _check_kinds(content: dict[str, Any]) -> None:
    """Raise unless there are all parts of a dump, each of its kind."""
    kinds = get_type_hints(StepDump)
    if different := kinds.keys() ^ content.keys():
        raise ValueError(
            'it lacks, or should not have, '
            f'{", ".join(map(repr, sorted(different)))}'
        )
    for name, kind in kinds.items():
        if not fits(content[name], kind):
            raise ValueError(
                f'{name} must be {describe(kind)}, but is '
                f'{content[name]!r:.60}'
            )
    for name, term in content['terms'].items():
        if not isinstance(term, float):
            raise ValueError(
                f'terms[{name[:80]!r}] must be a float, but is {term!r:.60}'
            )
    if content['dtype'] not in DTYPES:
        raise ValueError(f'dtype must be one of {", ".join(DTYPES)}')
