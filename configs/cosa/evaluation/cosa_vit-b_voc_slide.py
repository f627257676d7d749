# PASCAL VOC 2012: evaluation that keeps the aspect ratio (ours), seen
# in overlapping windows of the size of the training crops; the short side
# becomes 448. For another recipe, change `_base_`.
# Source: ours
_base_ = '../cosa_vit-b_voc.py'
model = dict(
    test_cfg=dict(
        size_divisor=16, mode='slide', crop_size=(448, 448), stride=(224, 224)
    )
)
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(2048, 448), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackImageLabelInputs'),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
