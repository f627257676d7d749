# A second stage on the shapes set: a stock segmentor, trained on the pseudo
# labels of cosa/cosa_shapes.py. Runs on a CPU. All numbers are ours, chosen on
# the splits `tune` and `tune_decorr`.
# Source: ours
_base_ = [
    '../_base_/datasets/shapes_pseudo.py',
    '../_base_/default_runtime.py',
]
num_classes = 7
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=_base_.crop_size,
    ),
    # that of the teacher, with its pretrained weights
    backbone=dict(
        type='SmallResNet',
        stem_channels=32,
        base_channels=32,
        num_stages=3,
        strides=(2, 2, 1),
        dilations=(1, 1, 1),
        out_indices=(1, 2),
        zero_init_residual=False,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='pretrained/small_resnet_shapes/iter_2000.pth',
            prefix='online.backbone.',
        ),
    ),
    decode_head=dict(
        type='ASPPHead',
        in_channels=128,
        in_index=1,
        channels=64,
        dilations=(1, 2, 4),
        dropout_ratio=0.1,
        norm_cfg=dict(type='BN'),
        align_corners=False,
        num_classes=num_classes,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    test_cfg=dict(mode='whole'),
)

max_iters = 1200
optim_wrapper = dict(
    type='AutoPrecisionOptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
)
param_scheduler = dict(
    type='WarmupPolyLR',
    warmup_iters=100,
    by_epoch=False,
    power=0.9,
    start_factor=1e-6,
)
train_cfg = dict(
    type='TotalBatchTrainLoop',
    max_iters=max_iters,
    total_batch_size=16,
    val_interval=max_iters,
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(interval=max_iters, save_last=True))
