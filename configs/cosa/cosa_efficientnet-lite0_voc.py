# PASCAL VOC 2012 with the small network and the schedule for a CPU. Not run
# on the whole of VOC: docs/photographs.md has a part of it.
# Source: ours
_base_ = [
    '../_base_/models/cosa_vit-b.py',
    '../_base_/models/cosa_efficientnet-lite0.py',
    '../_base_/datasets/voc_wsss.py',
    '../_base_/datasets/crops_320.py',
    '../_base_/schedules/cosa_small.py',
    '../_base_/default_runtime.py',
]
model = dict(_base_.small, network=_base_.small_network)

train_pipeline = [*_base_.crops, *_base_.views]
test_pipeline = [
    *_base_.resized,
    dict(type='LoadAnnotations'),
    dict(type='PackImageLabelInputs'),
]
train_dataloader = dict(
    batch_size=8, num_workers=1, dataset=dict(pipeline=train_pipeline)
)
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
