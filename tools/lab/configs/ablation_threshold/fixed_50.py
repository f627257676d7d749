# The fixed threshold .5, where shapes_base.py has .4.
# Source: ours
_base_ = ['../../../../configs/cosa/cosa_shapes.py', '../ablation/_context.py']
test_evaluator = [*_base_.test_evaluator, _base_.context]
model = dict(
    assigner=dict(
        cam_labeler=dict(
            threshold=dict(_delete_=True, type='FixedThreshold', value=0.5)
        ),
        reliability=None,
    ),
    loss_csc=None,
)
