# Steps of pipelines for the small network: what comes before the views of a
# training, and before the masks of a test.
# Source: ours
crops = [
    dict(type='LoadImageFromFile'),
    dict(
        type='RandomNonEmptyResize',
        scale=(320, 320),  # fits into (w, h)
        ratio_range=(0.75, 1.5),
        keep_ratio=True,
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomPlaceCrop', crop_size=(320, 320)),
]
resized = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(320, 320), keep_ratio=False),
]
