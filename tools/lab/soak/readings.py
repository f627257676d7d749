"""What is read of a training process, and whether it grows."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from cosa_mmseg.models.pseudo_labels.adaptive_threshold import (
    AdaptiveThreshold,
)

START = 1 / 3  # of a training: caches fill up, so that it does not count


@dataclass(frozen=True)
class Limit:
    """What may be read, and how fast it may grow.

    Attributes:
        title: With its unit.
        per_thousand: Growth in 1,000 iterations that is still flat.
    """

    title: str
    per_thousand: float


LIMITS = {
    # mmengine keeps each logged number of a run, .5 MB in 1,000 iterations,
    # and the allocator now and then takes a few at once; a kept batch of the
    # tiny images is 50
    'memory': Limit('resident memory (MB)', 5),
    'files': Limit('open files', 0.5),
    'queue': Limit('images in the queues of the thresholds', 0),
    'log': Limit('log (kB)', 100),  # a line and a record each 50 iterations
}


def read(model: nn.Module, log_dir: str | Path) -> dict[str, float]:
    """Read this process (Linux).

    Args:
        model: With dynamic thresholds, or without.
        log_dir: Folder of the log; checkpoints are not in it.

    Returns:
        dict[str, float]: By the keys of ``LIMITS``.
    """
    status = Path('/proc/self/status').read_text()
    resident = re.search(r'^VmRSS:\s+(\d+) kB$', status, re.MULTILINE)
    assert resident is not None
    logs = [path for path in Path(log_dir).rglob('*') if path.is_file()]
    return dict(
        memory=int(resident[1]) / 1024,
        files=len(os.listdir('/proc/self/fd')),
        queue=sum(
            len(module.queue)
            for module in model.modules()
            if isinstance(module, AdaptiveThreshold)
        ),
        log=sum(path.stat().st_size for path in logs) / 1024,
    )


@dataclass(frozen=True)
class Trend:
    """How a reading goes.

    Attributes:
        title: What is read.
        first: The first reading that counts.
        last: The last one.
        growth: In 1,000 iterations, of the line of least squares.
        limit: Up to which growth is flat.
    """

    title: str
    first: float
    last: float
    growth: float
    limit: float

    @property
    def is_flat(self) -> bool:
        """Whether the growth is within the limit."""
        return self.growth <= self.limit + 1e-9  # of rounding


def trends(
    iterations: Sequence[int], readings: Sequence[dict[str, float]]
) -> list[Trend]:
    """Fit a line to each reading, the first third of the training left out.

    Args:
        iterations: When it was read, ascending.
        readings: What was read, of :func:`read`.

    Returns:
        list[Trend]: In the order of ``LIMITS``.

    Raises:
        ValueError: If fewer than two readings are left.
    """
    start = sum(i <= START * iterations[-1] for i in iterations)
    kept = np.array(iterations[start:]) / 1000
    if len(kept) < 2:
        raise ValueError(
            'a line needs two readings after the first third of the '
            f'iterations, got {len(kept)}: train longer or read more often'
        )
    found = []
    for key, limit in LIMITS.items():
        values = [reading[key] for reading in readings[start:]]
        growth = float(np.polyfit(kept, values, 1)[0])
        found.append(
            Trend(
                limit.title, values[0], values[-1], growth, limit.per_thousand
            )
        )
    return found


def trend_table(found: Sequence[Trend]) -> str:
    """Trends as a table."""
    lines = [
        f'{"":<40}{"first":>10}{"last":>10}{"growth":>10}{"at most":>10}',
    ]
    for trend in found:
        numbers = (trend.first, trend.last, trend.growth, trend.limit)
        cells = ''.join(f'{number:>10.2f}' for number in numbers)
        verdict = 'flat' if trend.is_flat else 'GROWS'
        lines.append(f'{trend.title:<40}{cells}  {verdict}')
    return '\n'.join(lines)
