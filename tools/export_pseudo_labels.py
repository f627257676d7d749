r"""Write the pseudo labels of a whole split, to train a second stage with.

    python tools/export_pseudo_labels.py cosa/cosa_shapes.py \
        work_dirs/demo/iter_1200.pth --out work_dirs/pseudo_labels

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

import argparse
from collections.abc import Sequence

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.apis.pseudo_labels import (
    KINDS,
    export_pseudo_labels,
    summary_tables,
)
from cosa_mmseg.config.command_line import read_config
from cosa_mmseg.config.options import add_checkpoint_options
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        description=__doc__,
    )
    add_checkpoint_options(parser)
    parser.add_argument('--out', required=True, help='folder to write')
    parser.add_argument(
        '--which',
        nargs='+',
        choices=KINDS,
        default=KINDS,
        help='kinds of pseudo labels (default: both)',
    )
    parser.add_argument(
        '--split',
        choices=('train', 'val', 'test'),
        default='train',
        help="the config's dataloader that names the images (default: train)",
    )
    parser.add_argument(
        '--raw-cam', action='store_true', help='also write the CAMs'
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
    return parser.parse_args(args)


@exit_codes(OSError, ValueError, goes_on='the same command goes on')
def main(args: Sequence[str] | None = None) -> None:
    """Export, or say in one sentence why not."""
    options = vars(parse_args(args))
    cfg = read_config(
        options.pop('config'), options.pop('cfg_options'), options['out']
    )
    summary = export_pseudo_labels(cfg, **options)
    print(summary_tables(summary))


if __name__ == '__main__':
    main()
