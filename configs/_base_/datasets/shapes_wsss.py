# The shapes set: made by `cosa prepare shapes` in VOC layout.
# Metrics as for VOC.
_base_ = './voc_wsss.py'
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
    dataset=dict(
        data_root=data_root,
        ann_file='ImageSets/Segmentation/train.txt',
        metainfo=metainfo,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    _delete_=True,  # its workers do not stay
    batch_size=20,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        _base_.val_dataloader.dataset,
        data_root=data_root,
        metainfo=metainfo,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
