"""Write the shapes set, e.g. ``shapes.py --root data/shapes``."""

import argparse
from collections.abc import Sequence

from cosa_mmseg.datasets.shapes.shapes import (
    SPLITS,
    VOCABULARIES,
    write_shapes,
)
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(description='Write the shapes set.')
    parser.add_argument('--root', default='data/shapes', help='folder to make')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--num-train', type=int, default=1800)
    parser.add_argument(
        '--num-eval', type=int, default=200, help='of each other split'
    )
    parser.add_argument(
        '--size', type=int, default=96, help='side of the images in pixels'
    )
    parser.add_argument(
        '--masks-for',
        nargs='*',
        choices=SPLITS,
        default=SPLITS[1:],
        help='splits with masks; a fully supervised run needs train too',
    )
    parser.add_argument(
        '--vocabulary',
        choices=VOCABULARIES,
        default='shapes',
        help='pretrain: objects of twelve other classes',
    )
    parser.add_argument(
        '--num-workers', type=int, default=2, help='number of threads'
    )
    return parser.parse_args(args)


@exit_codes(OSError, ValueError)
def main(args: Sequence[str] | None = None) -> None:
    """Write the set and say where it is, or in one sentence why not."""
    options = parse_args(args)
    root = write_shapes(**vars(options))
    print(f'The shapes set is in {root}')


if __name__ == '__main__':
    main()
