# Pictures of one's own, with a file of image-level labels and without masks:
# ViT-B/16, the paper's recipe as for VOC.
#     cosa train cosa_vit-b_custom \
#         --cfg-options data_root=DIR label_file=labels.csv
# The settings of the data are at the top of ../_base_/datasets/custom_wsss.py.
_base_ = [
    '../_base_/models/cosa_vit-b.py',
    '../_base_/datasets/custom_wsss.py',
    '../_base_/schedules/cosa_32k.py',
    '../_base_/default_runtime.py',
]
# counted in the labels
model = dict(network=dict(num_classes=dict(_base_.dataset, _delete_=True)))
# float32, or bfloat16 where it is faster (ours)
optim_wrapper = dict(type='AutoPrecisionOptimWrapper')
val_cfg = None  # there are no masks
