"""Whether this process is the command ``cosa``."""

import sys
import sysconfig
from pathlib import Path


def is_command() -> bool:
    """Return True in a process of ``cosa`` or ``python -m cosa_mmseg``.

    Any other script counts as a user of the library, also one of that name in
    another folder, and so does ``cosa`` if it lies where this Python does not
    put its scripts.
    """
    script = Path(sys.argv[0])
    if script.name == '-m':  # while the package of the module is imported
        return sys.orig_argv[-len(sys.argv)] == 'cosa_mmseg'
    folder = Path(sysconfig.get_path('scripts'))
    is_there = script.resolve().parent == folder.resolve()
    return is_there and script.name in ('cosa', 'cosa.exe')
