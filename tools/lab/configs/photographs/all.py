# All three techniques.
_base_ = '../../../../configs/cosa/cosa_efficientnet-lite0_custom.py'
