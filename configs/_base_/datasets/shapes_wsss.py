# The shapes set: made by `cosa prepare shapes` in VOC layout. Metrics are
# those of VOC.
# Source: ours
dataset_type = 'VOCImageLabelDataset'
data_root = 'data/shapes'
crop_size = (96, 96)
metainfo = dict(
    classes=(
        'background',
        'boat',
        'zebra',
        'mushroom',
        'kite',
        'turtle',
        'house',
    ),
    palette=[
        [0, 0, 0],
        [230, 60, 60],
        [60, 200, 60],
        [60, 90, 240],
        [240, 220, 60],
        [220, 80, 220],
        [80, 220, 220],
    ],
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomScale', ratio_range=(0.75, 1.5)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomPlaceCrop', crop_size=crop_size),
    dict(type='TwoViews', magnitude_range=(1, 10)),
    dict(type='PackImageLabelInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackImageLabelInputs'),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(img_path='JPEGImages', ann_xml='Annotations'),
        ann_file='ImageSets/Segmentation/train.txt',
        metainfo=metainfo,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=20,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(
            img_path='JPEGImages',
            ann_xml='Annotations',  # for the label-filtered figure only
            seg_map_path='SegmentationClass',
        ),
        ann_file='ImageSets/Segmentation/val.txt',
        metainfo=metainfo,
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

metrics = [
    dict(type='IoUMetric', iou_metrics=['mIoU']),  # label-free: the headline
    dict(type='LabelFilteredIoUMetric'),
    dict(type='CAMIoUMetric'),
    dict(type='ClassificationMetric'),
]
# The last one scores nothing unless model.test_cfg.network='both'.
val_evaluator = [*metrics, dict(type='OnlineNetworkMetric', metrics=metrics)]
test_evaluator = val_evaluator
