# The dynamic threshold from .6: .2 off the .4 of shapes_dt.py.
# Source: ours
_base_ = ['../../../../configs/cosa/cosa_shapes.py', '../ablation/_context.py']
test_evaluator = [*_base_.test_evaluator, _base_.context]
model = dict(
    assigner=dict(
        cam_labeler=dict(threshold=dict(initial=0.6)), reliability=None
    ),
    loss_csc=None,
)
