# PASCAL VOC 2012, ViT-B/16, the paper's recipe.
_base_ = [
    '../_base_/models/cosa_vit-b.py',
    '../_base_/datasets/voc_wsss.py',
    '../_base_/schedules/cosa_32k.py',
    '../_base_/default_runtime.py',
]
