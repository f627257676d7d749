# Pictures of one's own on a laptop, without a GPU: a small network, crops of
# 320 pixels, a schedule as long as the pictures are many.
#     pip install 'cosa_mmseg[lite]'
#     cosa train cosa_efficientnet-lite0_custom \
#         --cfg-options data_root=DIR label_file=labels.csv
# Source: ours
_base_ = [
    '../_base_/models/cosa_vit-b.py',
    '../_base_/models/cosa_efficientnet-lite0.py',
    '../_base_/datasets/custom_wsss.py',
    '../_base_/datasets/crops_320.py',
    '../_base_/schedules/cosa_small.py',
    '../_base_/default_runtime.py',
]
model = dict(
    _base_.small,
    network=dict(
        _base_.small_network,
        # counted in the labels
        num_classes=dict(_base_.dataset, _delete_=True),
    ),
)
val_cfg = None  # there are no masks

train_pipeline = [*_base_.crops, *_base_.views]
test_pipeline = [
    *_base_.resized,
    dict(type='PackImageLabelInputs'),
]
train_dataloader = dict(
    batch_size=8, num_workers=1, dataset=dict(pipeline=train_pipeline)
)
test_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline))
default_hooks = dict(
    checkpoint=dict(interval=200), pictures=dict(interval=200)
)
