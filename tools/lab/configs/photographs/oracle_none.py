# The oracle experiment: base, with CAMs that nothing guides.
# Source: ours
_base_ = './base.py'
model = dict(loss_s2c=None)
