# Swin-B, ImageNet-21k; auxiliary feature: the third stage.
_base_ = './cosa_swin-t_voc.py'
# mmseg's swin-base-patch4-window7-in22k-pre_upernet
checkpoint = 'https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/swin/swin_base_patch4_window7_224_22k_20220317-4f79f7c0.pth'  # noqa: E501
model = dict(
    network=dict(
        backbone=dict(
            embed_dims=128,
            depths=(2, 2, 18, 2),
            num_heads=(4, 8, 16, 32),
            init_cfg=dict(checkpoint=checkpoint),
        )
    )
)
