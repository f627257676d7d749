# MS COCO 2014 with exported pseudo labels; evaluation on val2014, with masks.
# All else is that of VOC.
# Source: mmseg
_base_ = 'coco_wsss.py'
label_root = 'work_dirs/pseudo_labels'  # `cosa pseudo-labels`
crop_size = (512, 512)  # mmseg

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomNonEmptyResize',
        scale=(2048, 512),
        ratio_range=(0.5, 2.0),
        keep_ratio=True,
    ),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs'),
]
# The mask is loaded behind the resize: predictions are scored at its size.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(2048, 512), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackImageLabelInputs'),
]

train_dataloader = dict(
    batch_size=4,  # mmseg, on each of 4 GPUs; batch norm needs at least 2
    dataset=dict(
        _delete_=True,
        type='PseudoLabelDataset',
        label_root=label_root,
        kind='seg',  # or 'cam'
        classes_of=_base_.dataset_type,
        data_root=_base_.data_root,
        data_prefix=dict(img_path='train2014'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='IoUMetric', iou_metrics=['mIoU']),  # label-free: the headline
    dict(type='LabelFilteredIoUMetric'),
]
test_evaluator = val_evaluator
