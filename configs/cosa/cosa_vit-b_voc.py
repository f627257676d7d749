# PASCAL VOC 2012, ViT-B/16.
_base_ = './cosa_vit-b_voc_released.py'
