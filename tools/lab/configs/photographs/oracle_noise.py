# The oracle experiment: base, with CAMs that are guided by noise.
# Source: ours
_base_ = '../../../../configs/cosa/cosa_efficientnet-lite0_custom.py'
custom_imports = dict(imports=['cosa_mmseg', 'tools.lab.photographs.oracle'])
model = dict(
    assigner=dict(
        cam_labeler=dict(
            threshold=dict(_delete_=True, type='FixedThreshold', value=0.5)
        ),
        reliability=None,
        seg_labeler=dict(_delete_=True, type='RandomSegLabeler'),
    ),
    loss_s2c=dict(loss_weight=1.0),
    loss_csc=None,
)
