# Pictures of one's own with image-level labels. The settings of this block are
# said once: tools/train.py and tools/test.py carry them to where they are used
# (cosa_mmseg/utils/custom_data.py says how, for other programs). Paths are
# relative to data_root.
data_root = 'data/custom'
label_file = 'labels.csv'  # or .json, .jsonl, .txt, a folder of class folders
img_path = ''  # folder of the pictures, below which label_file names them
train_list = ''  # text file of the pictures to train with; '': all labelled
test_list = ''  # the pictures to predict; '': all labelled
mask_path = None  # folder of masks (.png of class ids) to score predictions
classes = None  # 'background' and the classes; None: those of label_file

dataset_type = 'ImageLabelDataset'
crop_size = (448, 448)  # as for VOC

train_pipeline = [
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
# Where there are masks, they are loaded behind the resize.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=crop_size[::-1], keep_ratio=False),
    dict(type='PackImageLabelInputs'),
]

train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        img_suffix=None,  # any: files are looked up by name
        data_prefix=dict(),
        pipeline=train_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        img_suffix=None,
        data_prefix=dict(),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
# where there are masks
metrics = [
    dict(type='IoUMetric', iou_metrics=['mIoU']),  # label-free: the headline
    dict(type='LabelFilteredIoUMetric'),
    dict(type='CAMIoUMetric'),
    dict(type='ClassificationMetric'),
]
# The last one scores nothing unless model.test_cfg.network='both'.
scores = [*metrics, dict(type='OnlineNetworkMetric', metrics=metrics)]
