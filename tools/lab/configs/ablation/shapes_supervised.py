# The shapes set, the same backbone and head trained with masks for as many
# iterations: the bound of what labels of images can give. Needs masks:
# `cosa prepare shapes --root data/shapes_masks
#     --masks-for train val val_decorr tune tune_decorr`
# Source: ours
_base_ = ['../../../../configs/cosa/cosa_shapes.py', '_context.py']
data_root = 'data/shapes_masks'
crop_size = _base_.crop_size

model = dict(
    _delete_=True,
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size=crop_size,
    ),
    backbone=_base_.backbone,
    decode_head=dict(
        _base_.decode_head,
        in_channels=128,
        num_classes=7,
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
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='BaseSegDataset',
        data_root=data_root,
        data_prefix=dict(
            img_path='JPEGImages', seg_map_path='SegmentationClass'
        ),
        ann_file='ImageSets/Segmentation/train.txt',
        metainfo=_base_.metainfo,
        img_suffix='.jpg',
        seg_map_suffix='.png',
        pipeline=train_pipeline,
    )
)
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
val_evaluator = [dict(type='IoUMetric', iou_metrics=['mIoU'])]
test_evaluator = [
    *val_evaluator,
    dict(
        _base_.context,
        context_dir=f'{data_root}/Context',
        cam_threshold=None,
    ),
]
