# The oracle experiment: base, with CAMs that are guided by masks, of
# `data_root`/masks_train. Each guide has the same weight.
# Source: ours
_base_ = './base.py'
custom_imports = dict(imports=['cosa_mmseg', 'tools.lab.oracle'])
model = dict(type='MaskGuidedCoSA', loss_s2c=dict(loss_weight=1.0))
train_dataloader = dict(dataset=dict(train_masks='masks_train'))
