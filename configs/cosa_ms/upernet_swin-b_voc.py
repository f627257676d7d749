# A second stage on PASCAL VOC 2012: UPerNet with Swin-B, trained on exported
# pseudo labels.
# Source: mmseg
_base_ = [
    '../_base_/models/upernet_swin-b.py',
    '../_base_/datasets/voc_pseudo.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=_base_.crop_size))
train_dataloader = dict(batch_size=2)  # mmseg
