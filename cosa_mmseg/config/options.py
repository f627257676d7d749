"""Options that the commands share.

Nothing here imports torch: who asks for ``--help`` does not wait for it.
"""

import os
from argparse import SUPPRESS, Action, ArgumentParser
from typing import Any

from .cfg_options import CfgOptionsAction


def add_config_options(parser: ArgumentParser) -> None:
    """Adds the config and the settings that override it."""
    parser.add_argument(
        'config', help='path of a config, or the name of a packaged one'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=CfgOptionsAction,
        metavar='KEY=VALUE',
        help='settings that override the config, e.g. optim_wrapper.dtype='
        "bfloat16 or 'key=[(a,b),(c,d)]', in quotes",
    )


def add_checkpoint_options(parser: ArgumentParser) -> None:
    """Adds the config, a checkpoint of it, and whether to trust that."""
    add_config_options(parser)
    parser.add_argument('checkpoint', help='path of a checkpoint')
    add_trust_option(parser)


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
    add_trust_option(parser)


def add_tta_option(parser: ArgumentParser) -> None:
    """Adds ``--tta``, for :func:`enable_tta`."""
    parser.add_argument(
        '--tta',
        action='store_true',
        help='several scales and their mirrors, as `tta_cfg` of the config '
        'says',
    )


class _Trust(Action):
    """Trusts what is loaded, in this process and those that it starts."""

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        # torch comes with it
        from cosa_mmseg.utils.weights import TRUST

        os.environ[TRUST] = '1'


def add_trust_option(parser: ArgumentParser) -> None:
    """Adds ``--trust-checkpoint``; it takes effect when it is parsed."""
    parser.add_argument(
        '--trust-checkpoint',
        action=_Trust,
        nargs=0,
        dest=SUPPRESS,
        help='load checkpoints and pretrained weights that hold more than '
        'tensors and plain data: that runs code of the file, which can do '
        'all that you can do on this machine (read, change and delete your '
        'files, send them away); only for files whose maker you trust',
    )
