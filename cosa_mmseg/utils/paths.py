"""Paths as they are written on command lines and in configs."""

import os.path as osp
import re
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import Any

# Keys of configs whose values are paths
PATH_KEY = re.compile(
    r'checkpoint|load_from|.+_(?:dir|file|list|path|root|xml)'
)
# --option=~/x and key=~/x, which a shell leaves as they are
_HOME_BEHIND_SIGN = re.compile(r'(-{0,2}[\w.-]+=)(~.*)', re.DOTALL)


def expand_home(argument: str) -> str:
    """Replace ``~`` where an argument is, or ends with, a path from there."""
    match = _HOME_BEHIND_SIGN.fullmatch(argument)
    if match:
        return match[1] + osp.expanduser(match[2])
    return osp.expanduser(argument)


class CommandParser(ArgumentParser):
    """The parser of a command: its help is shown as it is written.

    ``~`` in arguments is the home folder, also where the shell leaves it.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse arguments, by default those of the process."""
        args = sys.argv[1:] if args is None else args
        if '' in args:  # would be the folder that the command is called in
            self.error('an argument is empty: is a variable not set?')
        return super().parse_known_args([*map(expand_home, args)], namespace)
