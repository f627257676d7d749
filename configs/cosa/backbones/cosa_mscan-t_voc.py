# MSCAN-T (SegNeXt); stride 32. Auxiliary feature: the third stage.
# Source: the weights, and what they were trained with
_base_ = '../cosa_vit-b_voc.py'
# mmseg's segnext_mscan-t
checkpoint = 'https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/segnext/mscan_t_20230227-119e8c9f.pth'  # noqa: E501
model = dict(
    network=dict(
        backbone=dict(
            _delete_=True,
            type='MSCAN',
            embed_dims=[32, 64, 160, 256],
            mlp_ratios=[8, 8, 4, 4],
            depths=[3, 3, 5, 2],
            drop_rate=0.0,
            drop_path_rate=0.1,
            norm_cfg=dict(type='BN'),
            init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
        ),
        frozen=[r'decode_head\..*bias'],  # no position embedding
    )
)
sync_bn = 'torch'  # statistics over all GPUs
