# The fixed threshold .5, where shapes_base.py has .4.
_base_ = '../ablation/shapes_base.py'
model = dict(assigner=dict(cam_labeler=dict(threshold=dict(value=0.5))))
