r"""Score the CAMs of a trained model at each of a range of thresholds.

    cosa eval-cam cosa_vit-b_voc work_dirs/cosa_vit-b_voc/iter_32000.pth \
        --out work_dirs/cam_voc

prints the mIoU of the main and the auxiliary CAM at threshold .5 and at the
best one, with the classes that the model predicts and with the true ones, and
writes cam_sweep.csv (all thresholds, with the IoU of each class) and
cam_sweep.png (a plot). The best threshold is found on the masks that it is
scored on: it describes the CAMs and is no result. For another split:

    --cfg-options \
        test_dataloader.dataset.ann_file=ImageSets/Segmentation/train.txt

With --without-masks no mask is read and no file written: the scores are those
of CAMDropMetric (docs/evaluation.md), which also names inverted CAMs.
"""

from argparse import ArgumentParser, Namespace

from .options import (
    add_checkpoint_options,
    add_launch_options,
    add_network_option,
    add_tta_option,
)


def add_options(parser: ArgumentParser) -> None:
    """Add the model, and which CAMs to score."""
    add_checkpoint_options(parser)
    add_launch_options(parser)
    parser.add_argument(
        '--out', required=True, metavar='DIR', help='folder to write to'
    )
    parser.add_argument(
        '--without-masks',
        action='store_true',
        help='score the CAMs by what the classifier loses where only the '
        'pixels of the CAM are left, for pictures without masks',
    )
    add_network_option(parser, 'both')
    add_tta_option(parser)


def run(options: Namespace) -> None:
    """Score the CAMs."""
    from .testing import score_cams

    score_cams(options)
