# PASCAL VOC 2012: evaluation that keeps the aspect ratio (ours). The
# short side becomes 448 and the image is seen at once; the sides of each scale
# are rounded to whole patches. For another recipe, change `_base_`.
# Source: ours
_base_ = '../cosa_vit-b_voc.py'
model = dict(test_cfg=dict(size_divisor=16))
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(2048, 448), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackImageLabelInputs'),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
