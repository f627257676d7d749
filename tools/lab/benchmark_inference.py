r"""Images per second of predictions, in several ways of making them.

    python -m tools.lab.benchmark_inference cosa_vit-b_voc.py \
        --synthetic --batch-size 1 4 --amp off bf16 --json inference.json

predicts 2 + 10 batches for each combination of views (one, and the scales and
mirrors of the config's `tta_cfg`), mode (whole image or sliding window),
precision and batch size, as tools/test.py does but without scores, and prints
a row for each: images per second, the median, least and greatest time of an
image, and how it is shared out among data, networks, the resize to the
original size, and the rest. For sliding windows take a config that has them:

    python -m tools.lab.benchmark_inference \
        cosa_vit-b_voc_slide.py --mode whole slide \
        --synthetic --size 448 672

Times of different machines, or of a machine that others use as well, can not
be compared. The column `units/image` can: after each batch a plain ViT-B/16 is
run on 4 images, and its median time is the unit.

CUDA_VISIBLE_DEVICES= takes the CPU where there is a GPU; OMP_NUM_THREADS sets
the threads of a CPU. The peak memory of a row is on a GPU that of its tensors,
on a CPU that of the process up to this row, the unit's network included.
"""

import argparse
from collections.abc import Sequence
from functools import partial

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser
from tools.lab.benchmark import (
    InferenceSettings,
    benchmark_inference,
    inference_table,
)
from tools.lab.benchmark.command_line import (
    add_benchmark_options,
    run_benchmark,
)
from tools.lab.benchmark.config import AMP
from tools.lab.benchmark.inference import (
    MODES,
    VIEWS,
)


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        description=__doc__,
    )
    add_benchmark_options(parser, 'batch')
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help='path or URL of a checkpoint (default: random weights, which '
        'take the same time)',
    )
    _add_ways(parser)
    for option, default, text in (
        ('--size', (448, 448), 'size of random images'),
        ('--ori-size', (375, 500), 'size that their predictions are given'),
    ):
        parser.add_argument(
            option,
            nargs=2,
            type=int,
            default=default,
            metavar=('H', 'W'),
            help=f'{text} (default: {default[0]} {default[1]})',
        )
    return parser.parse_args(args)


def _add_ways(parser: argparse.ArgumentParser) -> None:
    """Adds the ways to predict, each combination of which is timed."""
    parser.add_argument(
        '--views',
        nargs='+',
        choices=VIEWS,
        help='one: the views of model.test_cfg; tta: those of tta_cfg '
        '(default: both, if the config has tta_cfg)',
    )
    parser.add_argument(
        '--mode',
        dest='modes',
        nargs='+',
        choices=MODES,
        help="how an image is seen (default: the config's mode)",
    )
    parser.add_argument(
        '--amp',
        nargs='+',
        choices=AMP,
        default=['off'],
        help='precisions: off (float32), bf16, or fp16, on a GPU only '
        '(default: off)',
    )
    parser.add_argument(
        '--batch-size',
        dest='batch_sizes',
        nargs='+',
        type=int,
        metavar='N',
        help='batch sizes; above 1 images must have one size (default: '
        "config's)",
    )


@exit_codes(OSError, ValueError)
def main(args: Sequence[str] | None = None) -> None:
    """Measure and print, or say in one sentence why not."""
    options = parse_args(args)
    run_benchmark(
        partial(benchmark_inference, checkpoint=options.checkpoint),
        inference_table,
        InferenceSettings,
        options,
    )


if __name__ == '__main__':
    main()
