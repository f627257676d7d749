# The oracle experiment: base, with CAMs that are guided by the segmentation.
# Source: ours
_base_ = './base.py'
model = dict(loss_s2c=dict(loss_weight=1.0))
