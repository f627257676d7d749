r"""Draw class activation maps (CAMs) of a trained model over pictures.

    cosa cams cosa_vit-b_voc iter_32000.pth a.jpg --out cams
    cosa cams cosa_vit-b_voc iter_32000.pth pics --labels cat,dog --out cams

writes cam/<picture>/<id>_<class>.png below --out for the classes of --labels,
or, without, for those of a score of at least 0.5 (or the highest), and prints
the score of each class: the probability that the picture shows it.

Exit code 1: a picture could not be read; the others are done.
"""

import argparse
from collections.abc import Iterator, Sequence

from cosa_mmseg.apis import PicturePrediction
from cosa_mmseg.apis.writer import shown_ids
from cosa_mmseg.utils.paths import CommandParser

from .predicting import add_prediction_options, run

COLUMNS = ('picture', 'class', 'score')


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        prog='cosa cams',
        description=__doc__,
    )
    add_prediction_options(parser)
    parser.add_argument(
        '--out', metavar='DIR', required=True, help='folder to write to'
    )
    return parser.parse_args(args)


def main(args: Sequence[str] | None = None) -> None:
    """Draw, or say in one sentence why not."""
    run(parse_args(args), ['cam'], COLUMNS, rows, record)


def rows(prediction: PicturePrediction) -> Iterator[Sequence]:
    """A line for each class that is drawn."""
    scores = prediction.scores or {}
    for id_ in shown_ids(prediction):
        name = prediction.classes[id_]
        yield prediction.picture.title, name, f'{scores[name]:.6f}'


def record(prediction: PicturePrediction) -> dict:
    """The scores of all classes, as plain data."""
    return dict(
        picture=prediction.picture.title,
        drawn=[prediction.classes[id_] for id_ in shown_ids(prediction)],
        scores=prediction.scores,
    )
