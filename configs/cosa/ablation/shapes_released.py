# The released kind of recipe: two fixed thresholds with an ignore band between
# them, none of the three techniques.
_base_ = '_shapes.py'
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
