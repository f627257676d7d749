"""Train a model from a config.

    cosa train cosa_vit-b_voc --check-data
    cosa train cosa_vit-b_voc --resume

On several GPUs, launchers start tools/train.py, which is the same.
"""

from argparse import ArgumentParser, Namespace

from .options import add_config_options, add_launch_options, add_trust_option

ERRORS = ()  # `training` knows which of them are faults of the program


def add_options(parser: ArgumentParser) -> None:
    """Add the config, and how it is trained."""
    add_config_options(parser)
    add_launch_options(parser)
    add_trust_option(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CKPT',
        help='go on from this checkpoint, or, without a value, from the '
        'last good one in the work dir; a work dir that has none is started '
        'anew',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='mixed precision: fp16 on a GPU, bfloat16 on a CPU, where it '
        'is slow without bfloat16 instructions',
    )
    parser.add_argument(
        '--check-data',
        action='store_true',
        help='first read all labels and decode all images and masks; stop if '
        'some are bad, and list them',
    )


def run(options: Namespace) -> None:
    """Run the training."""
    from . import training

    training.run(options)
