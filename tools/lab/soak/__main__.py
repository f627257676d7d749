r"""Train a tiny model for long and say what grows.

    OMP_NUM_THREADS=1 nice python -m tools.lab.soak
    OMP_NUM_THREADS=1 nice python -m tools.lab.soak \
        --iters 32000 --json soak.json

trains the shapes recipe with a network of some 20,000 parameters, on images of
32 x 32 in a temporary folder, with everything that a training has: dynamic
thresholds, gradient accumulation, moving average, log, evaluation and
checkpoints. Each 50 iterations it reads the resident memory, the open files,
the length of the thresholds' queues and the size of the log; to each it fits a
line, without the first third of the iterations, and says how much it grows in
1,000 of them and whether that is flat. A log grows with each line.

Exit code: 0 if all is flat, 1 if something grows, 2 if it cannot be done. On
Linux, 3,000 iterations are needed to tell what grows from noise.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.environment import versions
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser
from tools.lab.soak import (
    soak,
    trend_table,
    trends,
)


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = CommandParser(
        description=__doc__,
    )
    parser.add_argument(
        '--iters',
        type=int,
        default=3000,
        help='iterations (default: %(default)s)',
    )
    parser.add_argument(
        '--every',
        type=int,
        default=50,
        help='iterations between readings (default: %(default)s)',
    )
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help='file for all readings'
    )
    return parser


@exit_codes()
def main(args: Sequence[str] | None = None) -> int:
    """Train and say what grows; returns the exit code."""
    parser = build_parser()
    options = parser.parse_args(args)
    try:
        iterations, readings = soak(options.iters, options.every)
        found = trends(iterations, readings)
    except (OSError, ValueError) as err:
        parser.error(str(err))
    print(f'{options.iters} iterations, {len(readings)} readings; growth in')
    print('1,000 iterations, the first third left out')
    print(trend_table(found))
    if options.json:
        content = dict(
            iterations=iterations,
            readings=readings,
            trends=[asdict(trend) for trend in found],
            versions=versions(),
        )
        try:
            with atomic_file(options.json) as unfinished:
                unfinished.write_text(json.dumps(content, indent=1) + '\n')
        except OSError as err:
            parser.error(f'the readings are not written: {err}')
    return int(not all(trend.is_flat for trend in found))


if __name__ == '__main__':
    sys.exit(main())
