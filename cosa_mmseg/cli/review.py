r"""Rank pictures by how unsure a trained model is, to correct those first.

    cosa review cosa_efficientnet-lite0_custom iter_692.pth pictures \
        --out review

writes below --out

    review.csv                  all pictures, the least sure first
    first.png                   a contact sheet of the first of them
    uncertainty/<picture>.png   where the model is unsure, 0 to 255

The uncertainty of a pixel is how far assignments disagree that should agree:
the segmentations of both networks (networks; 0 of published weights, which
are those of one), CAM and segmentation of the assignment network (cam_seg),
its main and its auxiliary CAM (cams); each is the total variation distance of
two distributions over the classes, in [0, 1], and the uncertainty their mean.
That of a picture is the mean of its pixels.

Exit code 1: a picture could not be read; the others are done.
"""

from argparse import ArgumentParser, Namespace

from .options import add_input_options


def add_options(parser: ArgumentParser) -> None:
    """Add the model, the pictures, and where to write."""
    add_input_options(parser)
    parser.add_argument(
        '--out', metavar='DIR', required=True, help='folder to write to'
    )
    parser.add_argument(
        '--num-shown',
        type=int,
        default=24,
        help='pictures on the contact sheet (default: 24)',
    )


def run(options: Namespace) -> int:
    """Review the pictures; return the exit code."""
    from cosa_mmseg.apis import find_pictures
    from cosa_mmseg.apis.review import review

    from . import predicting

    if options.num_shown < 1:
        raise ValueError(
            f'--num-shown must be 1 or more, is {options.num_shown}'
        )
    pictures = find_pictures(options.inputs, options.out)
    with predicting.naming_full_memory():
        order, failed = review(
            predicting.open_inferencer(options),
            pictures,
            options.out,
            predicting.known_labels(options),
            options.batch_size,
            options.num_shown,
        )
    for rank, one in enumerate(order[: options.num_shown], 1):
        print(f'{rank}\t{one.uncertainty:.4f}\t{one.row["picture"]}')
    return predicting.report_failed(failed)
