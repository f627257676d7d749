"""``python -m cosa_mmseg``: the same as the command ``cosa``."""

import sys

from cosa_mmseg.cli import main

if __name__ == '__main__':
    sys.exit(main())
