r"""Write the pseudo labels of a whole split, to train a second stage with.

    cosa pseudo-labels cosa_shapes work_dirs/demo/iter_1200.pth \
        --out work_dirs/pseudo_labels

writes, at the size of each image,

    cam/<image>.png              CAM pseudo labels (CPL), a palette PNG of
                                 class ids; 0 = background, 255 = ignore
    seg/<image>.png              segmentation pseudo labels (SPL), the same
    {cam,seg}_confidence/*.png   8-bit grey, value = round(255 * confidence):
                                 cam: the highest CAM value of the classes
                                 shown; seg: the label's probability in the SPL
    cam_raw/<image>.npz          with --raw-cam: `cam`, float16 (P, H, W) in
                                 [0, 1], of the P classes shown, and
                                 `class_ids` (P,), their ids
    {cam,seg}_masks/             with --save coco, cvat, labelme, ...: the same
                                 as that tool reads it; docs/segment.md
    train.txt                    the images, one a line
    summary.json                 coverage and, where there are masks, quality
    manifest.json                the settings

The labels are made by the checkpoint's assignment network with its thresholds,
as in training, and are restricted to the true image-level labels: they are
training material, their scores are no scores of the model. Masks (--masks, or
those of the data set's config) are for evaluation only; no label depends on
them.

Images whose files are there are skipped, so that an interrupted run goes on
where it stopped. A folder that holds the output of other settings is refused.
"""

from argparse import ArgumentParser, Namespace

from .options import TOOLS, add_checkpoint_options, add_split_option

GOES_ON = 'the same command goes on'
KINDS = ('cam', 'seg')


def add_options(parser: ArgumentParser) -> None:
    """Add the model, the split, and what to write."""
    add_checkpoint_options(parser)
    parser.add_argument('--out', required=True, help='folder to write')
    parser.add_argument(
        '--which',
        nargs='+',
        choices=KINDS,
        default=KINDS,
        help='kinds of pseudo labels (default: both)',
    )
    add_split_option(parser)
    parser.add_argument(
        '--raw-cam', action='store_true', help='also write the CAMs'
    )
    parser.add_argument(
        '--save',
        nargs='+',
        choices=TOOLS,
        default=(),
        help='labelling tools to write the labels for too, to be corrected',
    )
    parser.add_argument(
        '--masks',
        metavar='DIR',
        help='folder of masks, for the summary only (default: that of the '
        "data set's config, if any)",
    )
    parser.add_argument(
        '--batch-size',
        type=int,
        default=1,
        help='images of one size that the network sees at once (default: 1)',
    )
    parser.add_argument(
        '--num-workers',
        type=int,
        default=2,
        help='processes that load images (default: 2)',
    )


def run(options: Namespace) -> None:
    """Export the labels, and print what they are worth."""
    from cosa_mmseg.apis.pseudo_labels import (
        export_pseudo_labels,
        summary_tables,
    )
    from cosa_mmseg.config.command_line import read_config

    settings = vars(options)
    cfg = read_config(
        settings.pop('config'), settings.pop('cfg_options'), options.out
    )
    print(summary_tables(export_pseudo_labels(cfg, **settings)))
