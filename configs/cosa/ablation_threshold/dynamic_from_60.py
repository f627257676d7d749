# The dynamic threshold from .6: .2 off the .4 of shapes_dt.py.
_base_ = '../ablation/shapes_dt.py'
model = dict(assigner=dict(cam_labeler=dict(threshold=dict(initial=0.6))))
