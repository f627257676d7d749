# The oracle experiment: base, with CAMs that are guided by noise.
# Source: ours
_base_ = './base.py'
custom_imports = dict(imports=['cosa_mmseg', 'tools.lab.oracle'])
model = dict(
    assigner=dict(seg_labeler=dict(_delete_=True, type='RandomSegLabeler')),
    loss_s2c=dict(loss_weight=1.0),
)
