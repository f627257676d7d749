"""A training step in a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import torch
from torch import Tensor

from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.weight_checks import check_sums
from cosa_mmseg.utils.weights import WeightsError, load_safely

from .contents import (
    check_kinds,
    check_plain,
)
from .plain import to_plain

MAGIC = 'cosa_mmseg step dump 1'


@dataclass(frozen=True)
class StepDump:
    """All that it takes to compute the losses of a batch again.

    Its file holds tensors and plain data only (:func:`to_plain`), so that
    reading it runs no code of it.

    Attributes:
        iteration: Iterations before this one.
        rank: Number of the process that dumped it.
        world_size: Of how many processes.
        terms: Each loss of the batch.
        images: Files of the batch.
        config: The run's config, as plain data.
        state: The model's state before the step.
        call: Arguments of the model's ``forward``: ``args`` and ``kwargs``.
        random: States of the random number generators, by device type.
        dtype: In which matrices were multiplied, such as ``'bfloat16'``.
        versions: Of Python and of packages.
    """

    iteration: int
    rank: int
    world_size: int
    terms: dict[str, float]
    images: list[str]
    config: dict
    state: dict[str, Tensor]
    call: dict[str, Any]
    random: dict[str, Tensor]
    dtype: str
    versions: dict[str, str]

    def save(self, path: str | Path) -> None:
        """Write it, whole or not at all.

        Args:
            path: Where to; an older file there is replaced.
        """
        with atomic_file(path) as unfinished:
            content = to_plain({'magic': MAGIC, **vars(self)})
            torch.save(content, unfinished)

    @classmethod
    def load(cls, path: str | Path) -> 'StepDump':
        """Read a dump; nothing in it is executed.

        Args:
            path: Of the file.

        Raises:
            OSError: It can not be read.
            ValueError: It is no dump.
        """
        if Path(path).exists() and not Path(path).is_file():
            raise ValueError(f'{path} is not a regular file')
        with open(path, 'rb') as file:
            try:
                check_sums(Path(path))
                content = load_safely(
                    path,
                    lambda: torch.load(
                        file, map_location='cpu', weights_only=True
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
        kinds = get_type_hints(cls)
        if different := set(kinds) ^ set(content):
            raise ValueError(
                f'{path} is damaged: it lacks, or should not have, '
                f'{", ".join(map(repr, sorted(different, key=str)))}'
            )
        try:
            check_plain(content)
            check_kinds(content, kinds)
        except ValueError as err:
            raise ValueError(f'{path} is damaged: {err}') from err
        return cls(**content)
