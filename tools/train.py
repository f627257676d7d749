"""Trains a model from a config."""

import argparse
from collections.abc import Sequence

from mmengine.config import Config
from mmengine.runner import Runner, find_latest_checkpoint

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.utils.command_line import (
    add_common_options,
    load_config,
    load_weights_only,
)


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses the command line (`args`: default ``sys.argv``)."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_options(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CKPT',
        help='go on from this checkpoint, or, without a value, from the '
        'latest in the work dir; a work dir that has none is started anew',
    )
    parser.add_argument(
        '--amp', action='store_true', help='automatic mixed precision'
    )
    return parser.parse_args(args)


def build_config(args: argparse.Namespace) -> Config:
    """The config with the command line's options in it."""
    cfg = load_config(args)
    if args.amp:
        enable_amp(cfg.optim_wrapper)
    checkpoint = args.resume
    if checkpoint == 'auto':
        checkpoint = find_latest_checkpoint(cfg.work_dir)
    if checkpoint is not None:
        cfg.resume = True
        cfg.load_from = checkpoint
    return cfg


def enable_amp(optim_wrapper: dict) -> None:
    """Turns an ``OptimWrapper`` into its mixed-precision counterpart.

    The type is fp16 unless the config names another (``dtype='bfloat16'``).

    Raises:
        ValueError: If it is another wrapper.
    """
    wrapper_type = optim_wrapper['type']
    if wrapper_type == 'AmpOptimWrapper':
        return
    if wrapper_type != 'OptimWrapper':
        raise ValueError(
            '--amp needs an optim_wrapper of type OptimWrapper, but the '
            f'config has {wrapper_type}'
        )
    optim_wrapper['type'] = 'AmpOptimWrapper'
    optim_wrapper.setdefault('loss_scale', 'dynamic')


def main(args: Sequence[str] | None = None) -> None:
    """Runs the training that the command line asks for."""
    load_weights_only()
    Runner.from_cfg(build_config(parse_args(args))).train()


if __name__ == '__main__':
    main()
