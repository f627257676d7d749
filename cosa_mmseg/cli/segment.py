r"""Predict pictures with a trained model, of CoSA or another of mmseg's.

    cosa segment cosa_vit-b_voc iter_32000.pth holiday/ --out predicted
    cosa segment cosa_vit-b_voc iter_32000.pth a.jpg --labels person,dog
    cosa segment cosa_vit-b_voc iter_32000.pth 'pics/*.jpg' --format json

prints the area of each class and writes with --out DIR, for each picture,

    pred/<picture>.png    class ids at the picture's size, a palette PNG
    vis/<picture>.png     the classes over the picture
    areas/<picture>.json  pixels, share and score of each class
    cam/<picture>/*.png   with --save cam: heat maps of the classes shown

Of a video, each frame is a picture, <video>/<number>, and the overlays are
vis/<video>.mp4. The score of a class is the probability that the picture shows
it; like CAMs, it knows no --labels.

Exit code 1: a picture could not be read; the others are done.
"""

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cosa_mmseg.utils.paths import CommandParser

from .prediction_options import add_prediction_options

if TYPE_CHECKING:
    from cosa_mmseg.apis import PicturePrediction

SAVED = ('pred', 'vis', 'areas')
COLUMNS = ('picture', 'class', 'pixels', 'share', 'score')


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        prog='cosa segment',
        description=__doc__,
    )
    add_prediction_options(parser)
    parser.add_argument(
        '--out',
        metavar='DIR',
        help='folder to write to; older files of the same pictures are '
        'replaced (default: nothing is written)',
    )
    parser.add_argument(
        '--save',
        nargs='+',
        choices=(*SAVED, 'cam'),
        help=f'what to write (default: {" ".join(SAVED)})',
    )
    options = parser.parse_args(args)
    if options.save and not options.out:
        parser.error('--save needs --out, the folder to write to')
    return options


def main(args: Sequence[str] | None = None) -> None:
    """Predict, or say in one sentence why not."""
    options = parse_args(args)
    import cosa_mmseg.parts  # noqa: F401  before torch
    from cosa_mmseg.apis import PicturePrediction

    from .predicting import run

    kinds = options.save or SAVED
    run(options, kinds, COLUMNS, rows, PicturePrediction.record)


def rows(prediction: 'PicturePrediction') -> Iterator[Sequence]:
    """A line for each class that the label map has."""
    title = prediction.picture.title
    for name, area in prediction.areas().items():
        if area['pixels']:
            score = '' if area['score'] is None else f'{area["score"]:.6f}'
            yield title, name, area['pixels'], f'{area["share"]:.6f}', score
