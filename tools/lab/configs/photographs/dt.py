# Base + DT: the dynamic threshold.
# Source: ours
_base_ = '../../../../configs/cosa/cosa_efficientnet-lite0_custom.py'
model = dict(assigner=dict(reliability=None), loss_csc=None)
