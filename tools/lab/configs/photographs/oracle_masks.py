# The oracle experiment: base, with CAMs that are guided by masks, of
# `data_root`/masks_train. Each guide has the same weight.
# Source: ours
_base_ = '../../../../configs/cosa/cosa_efficientnet-lite0_custom.py'
custom_imports = dict(imports=['cosa_mmseg', 'tools.lab.photographs.oracle'])
model = dict(
    type='MaskGuidedCoSA',
    assigner=dict(
        cam_labeler=dict(
            threshold=dict(_delete_=True, type='FixedThreshold', value=0.5)
        ),
        reliability=None,
    ),
    loss_s2c=dict(loss_weight=1.0),
    loss_csc=None,
)
train_dataloader = dict(dataset=dict(train_masks='masks_train'))
