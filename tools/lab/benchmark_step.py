r"""Take a training step of CoSA apart: where its time and memory go.

    python -m tools.lab.benchmark_step cosa_vit-b_voc.py \
        --synthetic --batch-size 2 --iters 10 --json step.json

trains 2 + 10 steps with the runner, loop, hooks and optimiser wrapper of the
config, on random images, and prints for each part of a step how often it runs,
its median, least and greatest time, and its share: data (waiting for the
loader), the assignment (the assignment network's forward passes and what makes
pseudo labels of them), the online network's forward pass, each loss, backward,
optimiser, EMA, and what is in none of them. Indented parts belong to the one
above. Nothing is saved.

Times of different machines, or of a machine that others use as well, can not
be compared. The column `units` can: after each step a plain ViT-B/16 is run on
4 images, and its median time is the unit.

On a GPU the parts are timed by events in its stream, and nothing waits between
them; CUDA_VISIBLE_DEVICES= takes the CPU instead. OMP_NUM_THREADS sets the
threads of a CPU. Peak memory is that of the process, without the loader's
workers, and on a GPU that of its tensors.
"""

import argparse
from collections.abc import Sequence

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser
from tools.lab.benchmark import (
    StepSettings,
    benchmark_step,
    step_table,
)
from tools.lab.benchmark.command_line import (
    add_benchmark_options,
    run_benchmark,
)
from tools.lab.benchmark.config import AMP
from tools.lab.benchmark.step import PHASES


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        description=__doc__,
    )
    add_benchmark_options(parser, 'step')
    parser.add_argument(
        '--phase',
        choices=PHASES,
        default='cotraining',
        help="which part of the training; warmup: the model's first "
        'iterations, which train the classifiers only (default: cotraining)',
    )
    parser.add_argument(
        '--batch-size', type=int, help="images in a batch (default: config's)"
    )
    parser.add_argument(
        '--total-batch-size',
        type=int,
        help='images in a step, a multiple of the batch size, whose gradients '
        'are accumulated (default: one batch)',
    )
    parser.add_argument(
        '--crop',
        type=int,
        help="side of the views in pixels (default: config's)",
    )
    parser.add_argument(
        '--amp',
        choices=AMP,
        help='mixed precision: off (float32), bf16, or fp16, on a GPU only '
        '(default: as the optim_wrapper of the config says)',
    )
    return parser.parse_args(args)


@exit_codes(OSError, ValueError)
def main(args: Sequence[str] | None = None) -> None:
    """Measure and print, or say in one sentence why not."""
    run_benchmark(benchmark_step, step_table, StepSettings, parse_args(args))


if __name__ == '__main__':
    main()
