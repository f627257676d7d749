"""The command ``cosa``."""

import sys
from collections.abc import Sequence
from importlib import import_module

from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.version import __version__

# Sub-commands and what they do; '-' is '_' in the names of their modules
COMMANDS = {
    'segment': 'predict pictures, folders and videos',
    'cams': 'draw class activation maps over pictures',
    'report': 'write what a training did as one page',
    'train': 'train a model from a config',
    'test': 'score a trained model, or pack its predictions',
    'convert': 'convert pretrained weights for a config',
    'check-data': 'read each image and label of a config',
}
HELP = f"""\
usage: cosa COMMAND ...

CoSA, segmentation learned from image-level labels, in any folder. Configs are
files, or names of packaged ones:

    cosa train cosa_shapes
    cosa segment cosa_shapes work_dirs/cosa_shapes/iter_1200.pth \\
        pictures --out predicted

commands:
{chr(10).join(f'  {name:<12}{what}' for name, what in COMMANDS.items())}

  cosa COMMAND --help says more, with an example; cosa --version

exit codes:
  0  all is done
  1  something cannot be used, which the last lines say; of several pictures,
     the others are done
  2  the command line is wrong
  130  interrupted (Ctrl+C)
"""


def main(args: Sequence[str] | None = None) -> None:
    """Run a sub-command.

    Args:
        args (Sequence[str], optional): The command line after ``cosa``. By
            default that of the process.

    Raises:
        SystemExit: With the exit codes of `HELP`; 130 if interrupted.
    """
    args = sys.argv[1:] if args is None else [*args]
    if not args or args[0] in ('-h', '--help'):
        print(HELP, end='')
        raise SystemExit(0 if args else 2)
    if args[0] == '--version':
        print(f'cosa_mmseg {__version__}')
        return
    if args[0] not in COMMANDS:
        print(
            f'cosa: error: no command {args[0]!r}; choose from '
            f'{", ".join(COMMANDS)}',
            file=sys.stderr,
        )
        raise SystemExit(2)
    module = args[0].replace('-', '_')
    with exit_codes():
        command = import_module(f'cosa_mmseg.cli.{module}')
        command.main(args[1:])
