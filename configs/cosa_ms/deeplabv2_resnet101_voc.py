# A second stage on PASCAL VOC 2012: a segmentor in the style of DeepLabV2,
# trained on exported pseudo labels.
# Source: mmseg
_base_ = [
    '../_base_/models/deeplabv2_resnet101.py',
    '../_base_/datasets/voc_pseudo.py',
    '../_base_/schedules/sgd_20k.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=_base_.crop_size))
