# MS COCO 2014 with image-level labels: training on train2014 and
# evaluation on val2014, on the images that show a class: 82,081 and 40,137.
# Pipelines and metrics are those of VOC.
dataset_type = 'COCOImageLabelDataset'
data_root = 'data/coco2014'
crop_size = (448, 448)  # released

# The geometry and the blur are shared by both views; TwoViews adds one of nine
# photometric operations to the strong one. All numbers: released code.
train_pipeline = [  # released
    dict(type='LoadImageFromFile'),
    dict(type='RandomScale', ratio_range=(0.5, 2.0)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomPlaceCrop', crop_size=crop_size),
    dict(
        type='mmpretrain.GaussianBlur',
        prob=0.5,
        magnitude_range=(0.1, 2.0),  # radius in pixels, uniform
        magnitude_std='inf',
    ),
    dict(type='TwoViews', magnitude_range=(1, 10)),
    dict(type='PackImageLabelInputs'),
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
    batch_size=4,  # released, on each of 2 GPUs
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(img_path='train2014'),
        ann_file='splits/train2014.txt',
        label_file='image_labels/train2014.json',
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
        data_prefix=dict(img_path='val2014', seg_map_path='masks/val2014'),
        ann_file='splits/val2014.txt',
        # for the label-filtered figure only
        label_file='image_labels/val2014.json',
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
