# All three techniques, with the second reading of CSC.
# Source: ours
_base_ = '../../../../configs/cosa/cosa_efficientnet-lite0_custom.py'
model = dict(loss_csc=dict(pairs='binary'))
