r"""Test (and score) a trained model, or pack its predictions for a server.

    cosa test cosa_vit-b_voc iter_32000.pth --tta
    cosa test cosa_vit-b_voc iter_32000.pth --tta \
        --format-only --out submission --cfg-options \
        test_dataloader.dataset.ann_file=ImageSets/Segmentation/test.txt

Predictions are scored, and --out DIR writes them as label maps besides. With
--format-only they are not scored, and DIR gets what a test server takes.
On several GPUs, launchers start tools/test.py, which is the same.
"""

from argparse import ArgumentParser, Namespace

from .options import (
    add_checkpoint_options,
    add_launch_options,
    add_tta_option,
)

ERRORS = ()  # `testing` knows which of them are faults of the program
FORMATS = ('voc', 'coco-json', 'png')


def add_options(parser: ArgumentParser) -> None:
    """Add the model, and what becomes of its predictions."""
    add_checkpoint_options(parser)
    add_launch_options(parser)
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


def run(options: Namespace) -> None:
    """Run the test."""
    from . import testing

    testing.run(options)
