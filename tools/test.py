"""Run ``cosa test``, for launchers: its name is that of a file.

python tools/test.py cosa_vit-b_voc iter_32000.pth --tta
"""

import sys

from cosa_mmseg.cli import main

if __name__ == '__main__':
    sys.exit(main(['test', *sys.argv[1:]]))
