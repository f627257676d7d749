# PASCAL VOC 2012: evaluation that keeps the aspect ratio (ours), seen
# in overlapping windows of the size of the training crops.
_base_ = './cosa_vit-b_voc_whole.py'
model = dict(
    test_cfg=dict(mode='slide', crop_size=(448, 448), stride=(224, 224))
)
