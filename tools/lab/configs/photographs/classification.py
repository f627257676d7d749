# Image-level classification alone, on the frozen backbone.
# Source: ours
_base_ = '../../../../configs/cosa/cosa_efficientnet-lite0_custom.py'
model = dict(train_cfg=dict(warmup_iters=1.0))
