r"""Take a training step of CoSA apart: where its time and memory go.

    python tools/analysis_tools/benchmark_step.py cosa_vit-b_voc.py \
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
from cosa_mmseg.benchmark import StepSettings, benchmark_step, step_table
from cosa_mmseg.benchmark.command_line import run_benchmark
from cosa_mmseg.benchmark.config import AMP
from cosa_mmseg.benchmark.step import PHASES
from cosa_mmseg.utils.command_line import add_config_options, read_config


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config_options(parser)
    parser.add_argument(
        '--iters', type=int, default=10, help='steps to count (default: 10)'
    )
    parser.add_argument(
        '--warmup',
        type=int,
        default=2,
        help='steps before, which do not count; at least 2 (default: 2)',
    )
    parser.add_argument(
        '--phase',
        choices=PHASES,
        default='cotraining',
        help="which part of the training; warmup: the model's first "
        'iterations, which train the classifiers only (default: cotraining)',
    )
    parser.add_argument(
        '--synthetic',
        action='store_true',
        help='random images and labels, ready in memory, in the place of the '
        "config's data set",
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
        '--num-classes',
        type=int,
        help='classes of all heads, with the background; needs --synthetic '
        "(default: config's)",
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
    parser.add_argument(
        '--json',
        metavar='FILE',
        help='file for all figures, the time of each step, versions, device '
        'and settings',
    )
    return parser.parse_args(args)


def main(args: Sequence[str] | None = None) -> None:
    """Measure and print, or say in one sentence why not."""
    options = parse_args(args)

    def measure() -> dict:
        settings = StepSettings(
            iters=options.iters,
            warmup=options.warmup,
            phase=options.phase,
            synthetic=options.synthetic,
            batch_size=options.batch_size,
            total_batch_size=options.total_batch_size,
            num_classes=options.num_classes,
            crop=options.crop,
            amp=options.amp,
        )
        cfg = read_config(options.config, options.cfg_options)
        return benchmark_step(cfg, settings)

    run_benchmark(measure, step_table, options)


if __name__ == '__main__':
    main()
