"""Trains a model from a config.

    cosa train cosa_vit-b_voc --check-data
    cosa train cosa_vit-b_voc --resume

On several GPUs, launchers start tools/train.py, which is the same.
"""

import argparse
import os
from collections.abc import Sequence
from contextlib import ExitStack

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.runner import Runner

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.config import (
    check_config,
    log_warmup,
    naming_the_key,
)
from cosa_mmseg.config.command_line import (
    add_common_options,
    load_config,
)
from cosa_mmseg.datasets.bad_files import BadFileError
from cosa_mmseg.datasets.check import check_data
from cosa_mmseg.datasets.findings import find_in_data
from cosa_mmseg.engine.checkpoints import (
    CheckpointError,
    set_resumed_checkpoint,
)
from cosa_mmseg.engine.hooks import NonFiniteLossError
from cosa_mmseg.utils.distributed import (
    LostProcessError,
    connect_cpu_processes,
    naming_lost_processes,
)
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.lock import locked
from cosa_mmseg.utils.paths import CommandParser
from cosa_mmseg.utils.precision import AUTO
from cosa_mmseg.utils.weights import WeightsError

# where mmengine's launchers say which of the processes this one is
RANK_VARIABLES = {
    'pytorch': 'RANK',
    'slurm': 'SLURM_PROCID',
    'mpi': 'OMPI_COMM_WORLD_RANK',
}
RESUME = 'the same command with --resume goes on'
_ERRORS = (
    BadFileError,
    CheckpointError,
    LostProcessError,
    NonFiniteLossError,
    OSError,
    WeightsError,
)


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        prog='cosa train',
        description=__doc__,
    )
    add_common_options(parser)
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
    return parser.parse_args(args)


def build_config(args: argparse.Namespace) -> Config:
    """The config with the command line's options in it."""
    cfg = load_config(args)
    if args.amp:
        enable_amp(cfg.optim_wrapper)
    set_resumed_checkpoint(cfg, args.resume)
    return cfg


def enable_amp(optim_wrapper: dict) -> None:
    """Sets mixed precision, whether it is faster or not.

    On a GPU the type is fp16 unless the config names another
    (``dtype='bfloat16'``); on a CPU it is bfloat16.

    Raises:
        ValueError: If it is another wrapper.
    """
    wrapper_type = optim_wrapper['type']
    if wrapper_type in ('AmpOptimWrapper', 'BFloat16OptimWrapper'):
        return
    if wrapper_type not in ('OptimWrapper', AUTO):
        raise ValueError(
            f'--amp needs an optim_wrapper of type OptimWrapper or {AUTO}, '
            f'but the config has {wrapper_type}'
        )
    if get_device() == 'cpu':
        optim_wrapper['type'] = 'BFloat16OptimWrapper'
        return
    optim_wrapper['type'] = 'AmpOptimWrapper'
    optim_wrapper.setdefault('loss_scale', 'dynamic')


def is_first_process(launcher: str) -> bool:
    """Whether this is the first, or the only, of the launched processes."""
    return launcher == 'none' or os.environ[RANK_VARIABLES[launcher]] == '0'


@exit_codes(*_ERRORS, goes_on=RESUME)
def main(args: Sequence[str] | None = None) -> None:
    """Runs the training that the command line asks for."""
    options = parse_args(args)
    with ExitStack() as until_the_end:
        with exit_codes(ValueError, goes_on=RESUME):
            cfg = build_config(options)
            train, scored = check_config(cfg)
            # others wait for the first process where they meet, in the runner
            is_first = is_first_process(cfg.launcher)
            if is_first and options.check_data:
                check_data(cfg)
            findings = find_in_data(train, scored)
            if is_first:
                until_the_end.enter_context(locked(cfg.work_dir))
            connect_cpu_processes(cfg)
            with naming_the_key(cfg):
                runner = Runner.from_cfg(cfg)
        for level, sentence in findings:
            runner.logger.log(level, sentence)
        log_warmup(cfg, runner.logger)
        with naming_lost_processes():
            runner.train()
