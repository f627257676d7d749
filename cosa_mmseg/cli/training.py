"""Run the training of ``cosa train``."""

import argparse
import os
from contextlib import ExitStack

from mmengine.config import Config
from mmengine.device import get_device

from cosa_mmseg.config.check import check_config
from cosa_mmseg.config.command_line import load_config
from cosa_mmseg.config.settings import log_warmup
from cosa_mmseg.datasets.bad_files import BadFileError
from cosa_mmseg.datasets.check import check_data
from cosa_mmseg.datasets.findings import find_in_data
from cosa_mmseg.engine.checkpoints import (
    CheckpointError,
    set_resumed_checkpoint,
)
from cosa_mmseg.engine.hooks import NonFiniteLossError
from cosa_mmseg.engine.safe_runner import SafeRunner
from cosa_mmseg.utils.config_errors import naming_the_key
from cosa_mmseg.utils.distributed import (
    LostProcessError,
    connect_cpu_processes,
    naming_lost_processes,
)
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.lock import locked
from cosa_mmseg.utils.precision import AUTO
from cosa_mmseg.utils.weights import WeightsError

# where mmengine's launchers say which of the processes this one is
RANK_VARIABLES = {
    'pytorch': 'RANK',
    'slurm': 'SLURM_PROCID',
    'mpi': 'OMPI_COMM_WORLD_RANK',
}
GOES_ON = 'the same command with --resume goes on'
_ERRORS = (
    BadFileError,
    CheckpointError,
    LostProcessError,
    NonFiniteLossError,
    OSError,
    WeightsError,
)


def build_config(args: argparse.Namespace) -> Config:
    """Return the config with the options of the command line in it."""
    cfg = load_config(args)
    if args.amp:
        enable_amp(cfg.optim_wrapper)
    set_resumed_checkpoint(cfg, args.resume)
    return cfg


def enable_amp(optim_wrapper: dict) -> None:
    """Set mixed precision, whether it is faster or not.

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
    """Return True in the first, or the only, of the launched processes."""
    return launcher == 'none' or os.environ[RANK_VARIABLES[launcher]] == '0'


@exit_codes(*_ERRORS, goes_on=GOES_ON)
def run(options: argparse.Namespace) -> None:
    """Run the training that the options of ``cosa train`` ask for."""
    with ExitStack() as until_the_end:
        with exit_codes(ValueError, goes_on=GOES_ON):
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
                runner = SafeRunner.from_cfg(cfg)
        for level, sentence in findings:
            runner.logger.log(level, sentence)
        log_warmup(cfg, runner.logger)
        with naming_lost_processes():
            runner.train()
