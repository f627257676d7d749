# The same backbone and head, trained with masks for as many iterations: the
# bound of what labels of images can give. The masks are those of
# `data_root`/masks_train.
# Source: ours
_base_ = '../../../../configs/cosa/cosa_efficientnet-lite0_custom.py'
data_root = 'data/photos'
crop_size = (224, 224)
model = dict(
    _delete_=True,
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[127.0, 127.0, 127.0],
        std=[128.0, 128.0, 128.0],
        bgr_to_rgb=True,
        size=crop_size,
    ),
    backbone=_base_.model.network.backbone,
    decode_head=dict(
        type='FCNHead',
        in_channels=320,
        in_index=-2,
        channels=256,
        num_convs=2,
        dilation=2,
        concat_input=False,
        norm_cfg=None,
        dropout_ratio=0,
        num_classes=21,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    test_cfg=dict(mode='whole'),
)
tta_cfg = None
custom_hooks = []
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomNonEmptyResize',
        scale=crop_size,
        ratio_range=(0.75, 1.5),
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
dataset = dict(
    _delete_=True,
    type='PascalVOCDataset',
    data_root=data_root,
    ann_file='train.txt',
    data_prefix=dict(img_path='JPEGImages', seg_map_path='masks_train'),
    pipeline=train_pipeline,
)
train_dataloader = dict(dataset=dataset)
val_dataloader = None
val_cfg = None
test_dataloader = dict(
    dataset=dict(
        dataset,
        ann_file='even.txt',
        data_prefix=dict(img_path='JPEGImages', seg_map_path='masks_tune'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(320, 320), keep_ratio=False),
            dict(type='LoadAnnotations'),
            dict(type='PackSegInputs'),
        ],
        test_mode=True,
    )
)
test_evaluator = [dict(type='IoUMetric', iou_metrics=['mIoU'])]
