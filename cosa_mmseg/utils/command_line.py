"""What the command-line tools share: options and how they enter the config."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.utils import digit_version

from .config_path import find_config
from .custom_data import fill_in_custom_data


def add_config_options(parser: ArgumentParser) -> None:
    """Adds the config and the settings that override it."""
    parser.add_argument(
        'config', help='path of a config, or the name of a packaged one'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='settings that override the config, e.g. optim_wrapper.dtype='
        "bfloat16 or 'key=[(a,b),(c,d)]', in quotes and without spaces",
    )


def add_common_options(parser: ArgumentParser) -> None:
    """Adds the config and the options that training and testing share."""
    add_config_options(parser)
    parser.add_argument(
        '--work-dir',
        help='folder for logs and checkpoints (default: the work_dir of the '
        'config, else work_dirs/<name of the config>)',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes (default: none, a single process)',
    )
    # torch.distributed.launch passes this one; torchrun sets LOCAL_RANK
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def read_config(
    config: str, cfg_options: dict | None, work_dir: str | None = None
) -> Config:
    """A config with its overriding settings.

    Settings of one's own data are carried to where they are used, see
    :func:`fill_in_custom_data`.

    Args:
        config: Path of a config, or the name of a packaged one.
        cfg_options: What overrides it, by dotted key.
        work_dir: Its ``work_dir`` (default: that of the config, else
            ``work_dirs/<name of the config>``).
    """
    cfg = Config.fromfile(find_config(config))
    cfg.merge_from_dict(cfg_options or {})
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(config).stem)
    fill_in_custom_data(cfg)
    return cfg


def load_config(args: Namespace) -> Config:
    """The config that the common options describe.

    Also sets the environment variable ``LOCAL_RANK`` where it is missing.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    options = {'launcher': args.launcher, **(args.cfg_options or {})}
    return read_config(args.config, options, args.work_dir)


def load_weights_only() -> None:
    """Has torch refuse checkpoints that could run code.

    mmengine asks for weights and plain data first, but where a checkpoint
    holds more it warns and unpickles it all.  This process shall not, unless
    the environment says ``TORCH_FORCE_WEIGHTS_ONLY_LOAD=0``.  mmengine knows
    what its own checkpoints hold only with torch >= 2.6; before, nothing is
    changed.
    """
    if digit_version(torch.__version__) < digit_version('2.6.0'):
        return
    os.environ.setdefault('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')
    # the best score, which `save_best` keeps; not on mmengine's own list
    torch.serialization.add_safe_globals([type(np.dtype(np.float32))])
