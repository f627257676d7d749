r"""Predict pictures with a trained model, of CoSA or another of mmseg's.

    cosa segment cosa_vit-b_voc iter_32000.pth holiday/ --out predicted
    cosa segment cosa_vit-b_voc iter_32000.pth a.jpg --labels person,dog
    cosa segment cosa_vit-b_voc iter_32000.pth 'pics/*.jpg' --format json

prints the area of each class and writes with --out DIR, for each picture,

    pred/<picture>.png    class ids at the picture's size, a palette PNG
    vis/<picture>.png     the classes over the picture
    areas/<picture>.json  pixels, share and score of each class
    cam/<picture>/*.png   with --save cam: heat maps of the classes shown

and with --save coco, coco-polygons, cvat, labelme or label-studio the masks as
that tool reads them, to be corrected there: docs/segment.md.

Of a video, each frame is a picture, <video>/<number>, and the overlays are
vis/<video>.mp4. The score of a class is the probability that the picture shows
it; like CAMs, it knows no --labels.

Exit code 1: a picture could not be read; the others are done.
"""

from argparse import ArgumentError, ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .options import TOOLS, add_picture_options

if TYPE_CHECKING:
    from cosa_mmseg.apis import PicturePrediction

GOES_ON = 'what is written by now is whole'
SAVED = ('pred', 'vis', 'areas')
COLUMNS = ('picture', 'class', 'pixels', 'share', 'score')


def add_options(parser: ArgumentParser) -> None:
    """Add the pictures, and what is written of them."""
    add_picture_options(parser)
    parser.add_argument(
        '--out',
        metavar='DIR',
        help='folder to write to; older files of the same pictures are '
        'replaced (default: nothing is written)',
    )
    parser.add_argument(
        '--save',
        nargs='+',
        choices=(*SAVED, 'cam', *TOOLS),
        help=f'what to write (default: {" ".join(SAVED)})',
    )


def run(options: Namespace) -> int:
    """Predict the pictures; return the exit code."""
    from . import predicting

    if options.save and not options.out:
        raise ArgumentError(None, '--save needs --out, the folder to write to')
    kinds = options.save or SAVED
    record = predicting.PicturePrediction.record
    return predicting.run(options, kinds, COLUMNS, rows, record)


def rows(prediction: 'PicturePrediction') -> Iterator[Sequence]:
    """Return a line for each class that the label map has."""
    title = prediction.picture.title
    for name, area in prediction.areas().items():
        if area['pixels']:
            score = '' if area['score'] is None else f'{area["score"]:.6f}'
            yield title, name, area['pixels'], f'{area["share"]:.6f}', score
