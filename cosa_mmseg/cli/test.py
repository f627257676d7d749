r"""Tests (and scores) a trained model, or packs its predictions for a server.

    cosa test cosa_vit-b_voc iter_32000.pth --tta
    cosa test cosa_vit-b_voc iter_32000.pth --tta \
        --format-only --out submission --cfg-options \
        test_dataloader.dataset.ann_file=ImageSets/Segmentation/test.txt

Predictions are scored, and --out DIR writes them as label maps besides. With
--format-only they are not scored, and DIR gets what a test server takes.
On several GPUs, launchers start tools/test.py, which is the same.
"""

import argparse
from collections.abc import Sequence

from cosa_mmseg.config.options import add_common_options, add_tta_option
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser

FORMATS = ('voc', 'coco-json', 'png')


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        prog='cosa test',
        description=__doc__,
    )
    add_common_options(parser)
    parser.add_argument('checkpoint', help='path or URL of a checkpoint')
    parser.add_argument(
        '--out',
        metavar='DIR',
        help='folder for the predicted label maps, results/*.png of class '
        'ids, and a package of them, and for nothing else',
    )
    parser.add_argument(
        '--format-only',
        action='store_true',
        help='make a package in --out and score nothing, which needs no masks',
    )
    parser.add_argument(
        '--format',
        choices=FORMATS,
        help='kind of the package (default: voc for VOC, coco-json for COCO, '
        'else png)',
    )
    parser.add_argument(
        '--show', action='store_true', help='show the predictions in a window'
    )
    parser.add_argument(
        '--show-dir', help='folder for pictures of the predictions'
    )
    parser.add_argument(
        '--wait-time',
        type=float,
        default=2,
        help='seconds that a window stays (default: 2)',
    )
    add_tta_option(parser)
    return parser.parse_args(args)


@exit_codes()
def main(args: Sequence[str] | None = None) -> None:
    """Run the test that the command line asks for, or say why not."""
    options = parse_args(args)
    import cosa_mmseg.parts  # noqa: F401  before torch

    from .testing import run

    run(options)
