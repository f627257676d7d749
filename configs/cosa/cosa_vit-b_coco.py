# MS COCO 2014, ViT-B/16.
_base_ = './cosa_vit-b_coco_released.py'
