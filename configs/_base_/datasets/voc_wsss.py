# PASCAL VOC 2012 with image-level labels: training on train_aug (10,582
# images, labels from the XML files), evaluation on val (1,449 images).
dataset_type = 'VOCImageLabelDataset'
data_root = 'data/VOCdevkit/VOC2012'
crop_size = (448, 448)  # released

# The geometry and the blur are shared by both views; TwoViews adds one of nine
# photometric operations to the strong one. All numbers: released code.
views = [  # what comes behind the crop (released)
    dict(
        type='mmpretrain.GaussianBlur',
        prob=0.5,
        magnitude_range=(0.1, 2.0),  # radius in pixels, uniform
        magnitude_std='inf',
    ),
    dict(type='TwoViews', magnitude_range=(1, 10)),
    dict(type='PackImageLabelInputs'),
]
train_pipeline = [  # released
    dict(type='LoadImageFromFile'),
    dict(type='RandomScale', ratio_range=(0.5, 2.0)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomPlaceCrop', crop_size=crop_size),
    *views,
]
# The aspect ratio is not kept (released code). The mask is loaded after the
# resize, so that it keeps its size: predictions are scored at that size.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=crop_size[::-1], keep_ratio=False),
    dict(type='LoadAnnotations'),
    dict(type='PackImageLabelInputs'),
]

train_dataloader = dict(
    batch_size=2,  # released, on each of 2 GPUs
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(img_path='JPEGImages', ann_xml='Annotations'),
        ann_file='ImageSets/Segmentation/train_aug.txt',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
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
