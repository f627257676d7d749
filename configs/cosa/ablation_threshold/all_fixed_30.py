# RAW and CSC with the fixed threshold .3, where shapes_all.py has DT.
_base_ = '../ablation/shapes_all.py'
model = dict(
    assigner=dict(
        cam_labeler=dict(
            threshold=dict(_delete_=True, type='FixedThreshold', value=0.3)
        )
    )
)
