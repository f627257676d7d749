# Pictures of one's own on a laptop: ResNet-18, a short schedule, crops of 224
# pixels. Not run with its ImageNet weights: cosa_efficientnet-lite0_custom is
# the one that was. What differs from the recipe for large networks is ours.
#     cosa train cosa_resnet18_custom \
#         --cfg-options data_root=DIR label_file=labels.csv
# Source: ours
_base_ = './cosa_vit-b_custom.py'

# stride 16; auxiliary feature: the third stage
model = dict(
    network=dict(
        backbone=dict(
            _delete_=True,
            type='ResNet',
            depth=18,
            strides=(1, 2, 2, 1),
            dilations=(1, 1, 1, 2),
            out_indices=(2, 3),
            norm_cfg=dict(type='BN'),
            # fetched when the training starts, 45 MB
            init_cfg=dict(
                type='Pretrained', checkpoint='torchvision://resnet18'
            ),
        ),
        decode_head=dict(channels=256),
        frozen=[r'decode_head\..*bias'],  # no position embedding
        channels_last=True,
    ),
    assigner=dict(cam_labeler=dict(threshold=dict(grid=(14, 14)))),
    train_cfg=dict(warmup_iters=750),
)
sync_bn = 'torch'  # statistics over all GPUs

max_iters = 4000
optim_wrapper = dict(optimizer=dict(lr=3e-4))
default_hooks = dict(
    checkpoint=dict(interval=200), pictures=dict(interval=200)
)
param_scheduler = dict(warmup_iters=190)
train_cfg = dict(max_iters=max_iters, val_interval=500)
# as long a memory, in parts of the schedule, as in 32,000 iterations
custom_hooks = [dict(type='AssignmentEMAHook', momentum=4.8e-3)]

crop_size = (224, 224)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='RandomNonEmptyResize',
        scale=(250, 250),
        ratio_range=(0.5, 2.0),
        keep_ratio=True,
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomPlaceCrop', crop_size=crop_size),
    *_base_.views,
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=crop_size, keep_ratio=False),
    dict(type='PackImageLabelInputs'),
]
train_dataloader = dict(
    batch_size=4, num_workers=1, dataset=dict(pipeline=train_pipeline)
)
test_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline))
