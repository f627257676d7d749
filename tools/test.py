"""Tests a trained model: `cosa test`, for launchers.

python tools/test.py cosa_vit-b_voc.py iter_32000.pth --tta
"""

from cosa_mmseg.cli.test import main

if __name__ == '__main__':
    main()
