# The oracle experiment: base, with CAMs that nothing guides.
# Source: ours
_base_ = '../../../../configs/cosa/cosa_efficientnet-lite0_custom.py'
model = dict(
    assigner=dict(
        cam_labeler=dict(
            threshold=dict(_delete_=True, type='FixedThreshold', value=0.5)
        ),
        reliability=None,
    ),
    loss_s2c=None,
    loss_csc=None,
)
