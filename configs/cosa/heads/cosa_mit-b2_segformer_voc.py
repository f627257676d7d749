# SegFormer's head on MiT-B2: all four features, as in mmseg.
# Source: mmseg
_base_ = ['../cosa_vit-b_voc.py', '../../_base_/backbones/mit-b2.py']
model = dict(
    network=dict(
        backbone=dict(_base_.backbone, _delete_=True),
        decode_head=dict(
            _delete_=True,
            type='SegformerHead',
            in_index=[0, 1, 2, 3],
            channels=256,
            dropout_ratio=0.1,
            norm_cfg=dict(type='BN'),
        ),
        frozen=[],
    )
)
sync_bn = 'torch'  # statistics over all GPUs
