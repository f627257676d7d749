# A second stage on MS COCO 2014: a segmentor in the style of DeepLabV2,
# trained on exported pseudo labels.
# Source: mmseg
_base_ = [
    '../_base_/models/deeplabv2_resnet101.py',
    '../_base_/datasets/coco_pseudo.py',
    '../_base_/schedules/sgd_20k.py',
    '../_base_/default_runtime.py',
]
num_classes = 81
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=num_classes),
)

# ours: eight times the images of VOC
max_iters = 80000
param_scheduler = [
    dict(type='PolyLR', eta_min=1e-4, power=0.9, end=max_iters, by_epoch=False)
]
train_cfg = dict(max_iters=max_iters, val_interval=8000)  # ours
default_hooks = dict(checkpoint=dict(interval=8000))
