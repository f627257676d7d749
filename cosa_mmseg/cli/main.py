"""The command ``cosa``: one parser and one way out for all its jobs."""

import sys
from argparse import ArgumentError
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser
from cosa_mmseg.version import __version__

from .options import name_weights

# Groups of commands with what each does. The module of a command has '_' for
# ' ' and '-'; its docstring is the help. It defines
#   add_options(parser)    add the arguments, without a heavy import
#   run(options)           do the job; an exit code other than 0 is returned
#   ERRORS, GOES_ON        optional, as `exit_codes` takes them
GROUPS = {
    'data': {
        'prepare voc': 'lists, masks and labels of PASCAL VOC 2012',
        'prepare coco': 'lists, masks and labels of MS COCO 2014',
        'prepare labels': 'report on a label file, or convert it',
        'prepare masks': 'label maps of masks from a labelling tool',
        'prepare shapes': 'make the data set of shapes',
        'check-data': 'read each image and label of a config',
        'browse': 'draw what the data pipeline of a config hands out',
    },
    'training': {
        'show-config': 'print the numbers of a config with their sources',
        'convert': 'convert pretrained weights for a config',
        'train': 'train a model from a config',
        'report': 'write what a training did as one page',
        'replay': 'compute a step again at which a training stopped',
        'demo': 'train on shapes, score, and draw what was learned',
    },
    'evaluation': {
        'test': 'score a trained model, or pack its predictions',
        'eval-cam': 'score class activation maps at all thresholds',
    },
    'use': {
        'segment': 'predict pictures, folders and videos',
        'cams': 'draw class activation maps over pictures',
        'review': 'rank pictures by how unsure a model is',
        'page': 'serve a page in the browser to try a model',
        'pseudo-labels': 'write the pseudo labels of a whole split',
        'compare': 'say how far two exports of pseudo labels agree',
        'publish': 'write a network as a model of plain mmseg',
        'export': 'write a network as ONNX or torch.export',
    },
}
COMMANDS = {
    name: what for group in GROUPS.values() for name, what in group.items()
}
HELP = """\
usage: cosa COMMAND ...

CoSA, segmentation learned from image-level labels, in any folder. Configs are
files, or names of packaged ones:

    cosa train cosa_shapes
    cosa segment cosa_shapes work_dirs/cosa_shapes/iter_1200.pth \\
        pictures --out predicted

{commands}

  cosa COMMAND --help says more, with an example; cosa --version

exit codes:
  0  all is done
  1  something cannot be used, which the last lines say; of several pictures,
     the others are done
  2  the command line is wrong
  130  interrupted (Ctrl+C)
"""


def main(args: Sequence[str] | None = None) -> int | None:
    """Run a command.

    Args:
        args (Sequence[str], optional): The command line after ``cosa``. By
            default that of the process.

    Returns:
        int | None: The exit code; None is 0.

    Raises:
        SystemExit: With the exit codes of `HELP`; 130 if interrupted.
    """
    args = sys.argv[1:] if args is None else [*args]
    if args == ['--version']:
        print(f'cosa_mmseg {__version__}')
        return None
    count = 2 if args[:1] == ['prepare'] else 1
    name = ' '.join(args[:count])
    if name in COMMANDS:
        return _run(name, args[count:])
    if args[-1:] in ([], ['prepare'], ['-h'], ['--help']):
        _print_help(args[0] if count == 2 else '')
        raise SystemExit(0 if args[-1:] in (['-h'], ['--help']) else 2)
    print(
        f'cosa: error: no command {name!r}; choose from {", ".join(COMMANDS)}',
        file=sys.stderr,
    )
    raise SystemExit(2)


def _print_help(start: str) -> None:
    """Print the commands whose names begin so, in their groups."""
    lines = []
    for title, group in GROUPS.items():
        rows = [
            f'  {name:<16}{what}'
            for name, what in group.items()
            if name.startswith(start)
        ]
        lines += ['', f'{title}:', *rows] if rows else []
    print(HELP.format(commands='\n'.join(lines[1:])), end='')


def build_parser(name: str) -> tuple[ModuleType, CommandParser]:
    """Return the module of a command, and the parser of its arguments."""
    module = name.replace(' ', '_').replace('-', '_')
    command = import_module(f'cosa_mmseg.cli.{module}')
    parser = CommandParser(prog=f'cosa {name}', description=command.__doc__)
    command.add_options(parser)
    return command, parser


def _run(name: str, args: Sequence[str]) -> int | None:
    """Read the rest of the command line and run the command."""
    with exit_codes():
        command, parser = build_parser(name)
        options = parser.parse_args(name_weights(parser, args))
        import cosa_mmseg.parts  # noqa: F401  before torch

        errors = getattr(command, 'ERRORS', (OSError, ValueError))
        goes_on = getattr(command, 'GOES_ON', '')
        try:
            with exit_codes(*errors, goes_on=goes_on):
                return command.run(options)
        except ArgumentError as err:
            parser.error(str(err))
