"""Trains a model from a config: `cosa train`, for launchers.

python tools/train.py cosa_vit-b_voc.py --check-data
python tools/train.py cosa_vit-b_voc.py --resume
"""

from cosa_mmseg.cli.train import main

if __name__ == '__main__':
    main()
