"""``python -m cosa_mmseg``: the same as the command ``cosa``."""

from cosa_mmseg.cli import main

if __name__ == '__main__':
    main()
