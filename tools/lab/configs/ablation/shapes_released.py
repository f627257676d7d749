# The released kind of recipe: two fixed thresholds with an ignore band between
# them, none of the three techniques.
# Source: ours
_base_ = ['../../../../configs/cosa/cosa_shapes.py', '_context.py']
test_evaluator = [*_base_.test_evaluator, _base_.context]
model = dict(
    assigner=dict(
        multi_scale=dict(aux_scales='last'),
        cam_labeler=dict(
            _delete_=True,
            type='DualThresholdLabeler',
            low=0.25,
            high=0.5,
            downscale=2,
        ),
        reliability=None,
    ),
    loss_csc=None,
)
