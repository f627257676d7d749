# All three techniques.
# Source: ours
_base_ = '../../../../configs/cosa/cosa_efficientnet-lite0_custom.py'
