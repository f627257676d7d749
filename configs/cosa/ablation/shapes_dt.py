# Base + DT: the dynamic threshold.
_base_ = '_shapes.py'
model = dict(assigner=dict(reliability=None), loss_csc=None)
