# CSC with the fixed threshold .3, where shapes_csc.py has .4.
_base_ = '../ablation/shapes_csc.py'
model = dict(assigner=dict(cam_labeler=dict(threshold=dict(value=0.3))))
