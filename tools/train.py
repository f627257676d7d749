"""Run ``cosa train``, for launchers: its name is that of a file.

python tools/train.py cosa_vit-b_voc --check-data
"""

import sys

from cosa_mmseg.cli import main

if __name__ == '__main__':
    sys.exit(main(['train', *sys.argv[1:]]))
