# A second stage on MS COCO 2014: UPerNet with Swin-B, trained on exported
# pseudo labels.
# Source: mmseg
_base_ = [
    '../_base_/models/upernet_swin-b.py',
    '../_base_/datasets/coco_pseudo.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py',
]
num_classes = 81
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    decode_head=dict(num_classes=num_classes),
    auxiliary_head=dict(num_classes=num_classes),
)
train_dataloader = dict(batch_size=2)  # mmseg

# ours: eight times the images of VOC
max_iters = 80000
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-6, begin=0, end=1500, by_epoch=False
    ),
    dict(type='PolyLR', power=1.0, begin=1500, end=max_iters, by_epoch=False),
]
train_cfg = dict(max_iters=max_iters, val_interval=8000)  # ours
default_hooks = dict(checkpoint=dict(interval=8000))
