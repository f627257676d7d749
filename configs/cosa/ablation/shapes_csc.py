# Base + CSC: contrastive separation.
_base_ = '_shapes.py'
model = dict(
    assigner=dict(
        cam_labeler=dict(
            threshold=dict(_delete_=True, type='FixedThreshold', value=0.4)
        ),
        reliability=None,
    ),
)
