r"""Draw class activation maps (CAMs) of a trained model over pictures.

    cosa cams cosa_vit-b_voc iter_32000.pth a.jpg --out cams
    cosa cams cosa_vit-b_voc iter_32000.pth pics --labels cat,dog --out cams

writes cam/<picture>/<id>_<class>.png below --out for the classes of --labels,
or, without, for those of a score of at least 0.5 (or the highest), and prints
the score of each class: the probability that the picture shows it.

Exit code 1: a picture could not be read; the others are done.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .options import add_picture_options

if TYPE_CHECKING:
    from cosa_mmseg.apis import PicturePrediction

GOES_ON = 'what is written by now is whole'
COLUMNS = ('picture', 'class', 'score')


def add_options(parser: ArgumentParser) -> None:
    """Add the pictures, and where to write."""
    add_picture_options(parser)
    parser.add_argument(
        '--out', metavar='DIR', required=True, help='folder to write to'
    )


def run(options: Namespace) -> int:
    """Draw the CAMs; return the exit code."""
    from . import predicting

    return predicting.run(options, ['cam'], COLUMNS, rows, record)


def rows(prediction: 'PicturePrediction') -> Iterator[Sequence]:
    """Return a line for each class that is drawn."""
    from cosa_mmseg.apis.writer import shown_ids

    scores = prediction.scores or {}
    for id_ in shown_ids(prediction):
        name = prediction.classes[id_]
        yield prediction.picture.title, name, f'{scores[name]:.6f}'


def record(prediction: 'PicturePrediction') -> dict:
    """Return the scores of all classes, as plain data."""
    from cosa_mmseg.apis.writer import shown_ids

    return dict(
        picture=prediction.picture.title,
        drawn=[prediction.classes[id_] for id_ in shown_ids(prediction)],
        scores=prediction.scores,
    )
