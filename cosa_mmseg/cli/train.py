"""Trains a model from a config.

    cosa train cosa_vit-b_voc --check-data
    cosa train cosa_vit-b_voc --resume

On several GPUs, launchers start tools/train.py, which is the same.
"""

import argparse
from collections.abc import Sequence

from cosa_mmseg.config.options import add_common_options
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        prog='cosa train',
        description=__doc__,
    )
    add_common_options(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CKPT',
        help='go on from this checkpoint, or, without a value, from the '
        'last good one in the work dir; a work dir that has none is started '
        'anew',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='mixed precision: fp16 on a GPU, bfloat16 on a CPU, where it '
        'is slow without bfloat16 instructions',
    )
    parser.add_argument(
        '--check-data',
        action='store_true',
        help='first read all labels and decode all images and masks; stop if '
        'some are bad, and list them',
    )
    return parser.parse_args(args)


@exit_codes()
def main(args: Sequence[str] | None = None) -> None:
    """Run the training that the command line asks for."""
    options = parse_args(args)
    import cosa_mmseg.parts  # noqa: F401  before torch

    from .training import run

    run(options)
