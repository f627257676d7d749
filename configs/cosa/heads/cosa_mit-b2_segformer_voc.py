# SegFormer's head on MiT-B2: all four features, as in mmseg.
_base_ = '../backbones/cosa_mit-b2_voc.py'
model = dict(
    network=dict(
        decode_head=dict(
            _delete_=True,
            type='SegformerHead',
            in_index=[0, 1, 2, 3],
            channels=256,
            dropout_ratio=0.1,
            norm_cfg=dict(type='BN'),
            num_classes=21,
        ),
        frozen=[],
    )
)
sync_bn = 'torch'  # statistics over all GPUs
