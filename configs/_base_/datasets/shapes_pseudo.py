# The shapes set with exported pseudo labels; evaluation as shapes_wsss.py has
# it, with masks.
# Source: ours
_base_ = 'shapes_wsss.py'
label_root = 'work_dirs/pseudo_labels'  # `cosa pseudo-labels`
crop_size = _base_.crop_size

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomNonEmptyResize',
        scale=crop_size,
        ratio_range=(0.75, 1.5),  # as the teacher
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
        type='PseudoLabelDataset',
        label_root=label_root,
        kind='seg',  # or 'cam'
        data_root=_base_.data_root,
        data_prefix=dict(img_path='JPEGImages'),
        metainfo=_base_.metainfo,
        pipeline=train_pipeline,
    )
)
val_evaluator = [
    dict(type='IoUMetric', iou_metrics=['mIoU']),  # label-free: the headline
    dict(type='LabelFilteredIoUMetric'),
]
test_evaluator = val_evaluator
