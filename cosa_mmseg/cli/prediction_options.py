"""Options that ``cosa segment`` and ``cosa cams`` share."""

from argparse import ArgumentParser

from cosa_mmseg.config.options import add_checkpoint_options


def add_prediction_options(parser: ArgumentParser) -> None:
    """Add the model, the pictures, and how they are seen."""
    add_checkpoint_options(parser)
    parser.add_argument(
        'inputs',
        nargs='+',
        metavar='INPUT',
        help="a picture, a folder, a pattern such as 'pics/*.jpg', a video",
    )
    parser.add_argument(
        '--labels',
        metavar='CLASS,CLASS',
        help='classes that the pictures are known to show: only these and '
        'the background are considered, and names of files end with '
        '_label_filtered',
    )
    parser.add_argument(
        '--format',
        choices=('tsv', 'json'),
        default='tsv',
        help='what is printed: tab-separated lines with a header, or a json '
        'object a line for each picture (default: tsv)',
    )
    _add_seeing_options(parser)


def _add_seeing_options(parser: ArgumentParser) -> None:
    """Add which network sees the pictures, where, and how much at once."""
    parser.add_argument(
        '--network',
        choices=('assignment', 'online'),
        help='network of a model of CoSA (default: that of model.test_cfg, '
        'which is the assignment network unless it says otherwise)',
    )
    parser.add_argument(
        '--batch-size',
        type=int,
        default=1,
        help='pictures (of one size), or tiles, that the network sees at once '
        '(default: 1)',
    )
    parser.add_argument(
        '--tile-size',
        type=int,
        metavar='PIXELS',
        help='have the network see tiles of this side of the picture as it '
        'is, blended without seams (default: what the test pipeline of the '
        'config hands out)',
    )
    parser.add_argument(
        '--tile-overlap',
        type=int,
        metavar='PIXELS',
        help='what neighbouring tiles share (default: a quarter of a tile)',
    )
    parser.add_argument(
        '--device', help='such as cpu or cuda:1 (default: a GPU if any)'
    )
