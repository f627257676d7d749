# PASCAL VOC 2012, the recipe that the authors' public code runs by default:
# two fixed thresholds, dense energy regulariser, no RAW, DT or CSC.
_base_ = [
    '../_base_/models/cosa_vit-b.py',
    '../_base_/datasets/voc_wsss.py',
    '../_base_/schedules/cosa_32k.py',
    '../_base_/default_runtime.py',
]
