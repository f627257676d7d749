# Swin-T; auxiliary feature: the third stage.
# Source: the weights, and what they were trained with
_base_ = '../cosa_vit-b_voc.py'
# mmseg's swin-tiny-patch4-window7-in1k-pre_upernet
checkpoint = 'https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/swin/swin_tiny_patch4_window7_224_20220317-1cdeb081.pth'  # noqa: E501
model = dict(
    network=dict(
        backbone=dict(
            _delete_=True,
            type='SwinTransformer',
            embed_dims=96,
            depths=(2, 2, 6, 2),
            num_heads=(3, 6, 12, 24),
            window_size=7,
            strides=(4, 2, 2, 1),  # ours: 16, not 32, in the end
            out_indices=(0, 1, 2, 3),
            drop_path_rate=0.3,
            init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
        ),
        frozen=[r'decode_head\..*bias'],  # no position embedding
    )
)
