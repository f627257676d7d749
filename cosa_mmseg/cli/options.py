"""Options that several commands have.

Nothing here imports torch: who asks for ``--help`` does not wait for it.
"""

import os
from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlparse

from cosa_mmseg.config.cfg_options import CfgOptionsAction
from cosa_mmseg.config.config_path import weights_beside

# Labelling tools that masks are written for
TOOLS = ('coco', 'coco-polygons', 'cvat', 'labelme', 'label-studio')
# How names of checkpoints end
CHECKPOINTS = ('.safetensors', '.npz', '.pth', '.pt', '.bin', '.ckpt')


def add_config_options(parser: ArgumentParser) -> None:
    """Add the config and the settings that override it."""
    parser.add_argument(
        'config', help='path of a config, or the name of a packaged one'
    )
    add_cfg_options(parser)


def add_cfg_options(parser: ArgumentParser) -> None:
    """Add ``--cfg-options``."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=CfgOptionsAction,
        metavar='KEY=VALUE',
        help='settings that override the config, e.g. optim_wrapper.dtype='
        "bfloat16 or 'key=[(a,b),(c,d)]', in quotes",
    )


def add_checkpoint_options(parser: ArgumentParser) -> None:
    """Add the config, a checkpoint of it, and whether to trust that."""
    add_config_options(parser)
    parser.add_argument(
        'checkpoint',
        help='path or URL of a checkpoint; may be left out where weights of '
        "the config's name lie beside it, as those of voc-small do",
    )
    add_trust_option(parser)


def name_weights(parser: ArgumentParser, args: Sequence[str]) -> list[str]:
    """Name the weights that lie beside a config, if no checkpoint is named.

    Args:
        parser: Of a command.
        args: Its command line; the config is its first argument.
    """
    takes = {action.dest for action in parser._actions}
    second = urlparse(''.join(args[1:2])).path
    if (
        args
        and 'checkpoint' in takes
        and not second.endswith(CHECKPOINTS)
        and (found := weights_beside(args[0]))
    ):
        return [args[0], found, *args[1:]]
    return [*args]


def add_launch_options(parser: ArgumentParser) -> None:
    """Add what launchers and runners of mmengine ask for."""
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


def add_tta_option(parser: ArgumentParser) -> None:
    """Add ``--tta``, for :func:`enable_tta`."""
    parser.add_argument(
        '--tta',
        action='store_true',
        help='several scales and their mirrors, as `tta_cfg` of the config '
        'says',
    )


def add_network_option(parser: ArgumentParser, *more: str) -> None:
    """Add ``--network``, one of the two, or more choices."""
    parser.add_argument(
        '--network',
        choices=('assignment', 'online', *more),
        help='network of a model of CoSA (default: that of model.test_cfg, '
        'which is the assignment network unless it says otherwise)',
    )


def add_device_option(parser: ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument(
        '--device', help='such as cpu or cuda:1 (default: a GPU if any)'
    )


def add_split_option(parser: ArgumentParser) -> None:
    """Add ``--split``."""
    parser.add_argument(
        '--split',
        choices=('train', 'val', 'test'),
        default='train',
        help="the config's dataloader that names the images (default: train)",
    )


class _Trust(Action):
    """Trust what is loaded, in this process and those that it starts."""

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        # torch comes with it
        from cosa_mmseg.utils.weights import TRUST

        os.environ[TRUST] = '1'


def add_trust_option(parser: ArgumentParser) -> None:
    """Add ``--trust-checkpoint``; it takes effect when it is parsed."""
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


def add_picture_options(parser: ArgumentParser) -> None:
    """Add the model, the pictures, and how the network sees them."""
    add_input_options(parser)
    parser.add_argument(
        '--format',
        choices=('tsv', 'json'),
        default='tsv',
        help='what is printed: tab-separated lines with a header, or a json '
        'object a line for each picture (default: tsv)',
    )
    add_network_option(parser)


def add_input_options(parser: ArgumentParser) -> None:
    """Add what :func:`predicting.open_inferencer` needs, and the pictures."""
    add_checkpoint_options(parser)
    parser.add_argument(
        'inputs',
        nargs='+',
        metavar='INPUT',
        help="a picture, a folder, a pattern such as 'pics/*.jpg', a video",
    )
    parser.add_argument(
        '--labels',
        metavar='CLASS,CLASS',
        help='classes that the pictures are known to show: only these and '
        'the background are considered, and names of files end with '
        '_label_filtered',
    )
    parser.add_argument(
        '--batch-size',
        type=int,
        default=1,
        help='pictures (of one size), or tiles, that the network sees at once '
        '(default: 1)',
    )
    parser.add_argument(
        '--tile-size',
        type=int,
        metavar='PIXELS',
        help='have the network see tiles of this side of the picture as it '
        'is, blended without seams (default: what the test pipeline of the '
        'config hands out)',
    )
    parser.add_argument(
        '--tile-overlap',
        type=int,
        metavar='PIXELS',
        help='what neighbouring tiles share (default: a quarter of a tile)',
    )
    add_device_option(parser)
