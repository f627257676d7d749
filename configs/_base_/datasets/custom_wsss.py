# Pictures of one's own with image-level labels, and without masks. Batch,
# metrics and all but one step of the pipelines are those of VOC.
# Each command takes the settings that say where the data is once, and puts
# them where they are used: `--cfg-options data_root=my label_file=labels.csv`.
# docs/data.md lists them, and says how a config of one's own sets them.

# As if all pictures were as long as VOC's, 500 pixels: a crop of a photograph
# at its own size would not show what the photograph's labels say.
scale = (500, 500)  # ours; fits into (w, h)
crop_size = (448, 448)  # released

# what comes behind the crop, see voc_wsss.py (released)
views = [
    dict(
        type='mmpretrain.GaussianBlur',
        prob=0.5,
        magnitude_range=(0.1, 2.0),  # radius in pixels, uniform
        magnitude_std='inf',
    ),
    dict(type='TwoViews', magnitude_range=(1, 10)),
    dict(type='PackImageLabelInputs'),
]
train_pipeline = [  # released, but for the resize
    dict(type='LoadImageFromFile'),
    dict(
        type='RandomNonEmptyResize',
        scale=scale,
        ratio_range=(0.5, 2.0),
        keep_ratio=True,
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomPlaceCrop', crop_size=crop_size),
    *views,
]
# Where there are masks, they are loaded behind the resize.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=crop_size[::-1], keep_ratio=False),
    dict(type='PackImageLabelInputs'),
]

dataset = dict(
    type='ImageLabelDataset',
    data_root='data/custom',  # the other paths start here
    label_file='labels.csv',  # or .json, .jsonl, .txt, a folder of classes
    label_separator=';',  # between the classes in a cell of a .csv
    label_union=False,  # whether rows of one picture are joined
    metainfo=dict(classes=None),  # those of label_file, sorted
    img_suffix=None,  # any: files are looked up by name
    data_prefix=dict(img_path=''),  # below which label_file names them
)
train_dataloader = dict(
    batch_size=2,  # released, on each of 2 GPUs
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='ResumableSampler', shuffle=True),
    # all that have a label, or those of a list
    dataset=dict(dataset, ann_file='', pipeline=train_pipeline),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        dataset,
        ann_file='',
        data_prefix=dict(img_path='', seg_map_path=None),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
metrics = [
    dict(type='IoUMetric', iou_metrics=['mIoU']),  # label-free: the headline
    dict(type='LabelFilteredIoUMetric'),
    dict(type='CAMIoUMetric'),
    dict(type='ClassificationMetric'),
]
# what takes the place of the next two where there are masks
scores = [*metrics, dict(type='OnlineNetworkMetric', metrics=metrics)]
val_dataloader = val_evaluator = None
test_evaluator = dict(
    type='SubmissionFormatter', out_dir='work_dirs/label_maps'
)
