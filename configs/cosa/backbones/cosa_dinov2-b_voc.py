# DINOv2 ViT-B/14. The crop of 448 is 32 patches; half of it and one and a
# half are whole patches too.
# Source: the weights, and what they were trained with
_base_ = '../cosa_vit-b_voc.py'
# mmpretrain's vit-base-p14_dinov2-pre_headless
checkpoint = 'https://mmassets.onedl.ai/mmpretrain/v1.0/dinov2/vit-base-p14_dinov2-pre_3rdparty_20230426-ba246503.pth'  # noqa: E501
model = dict(
    network=dict(
        backbone=dict(
            img_size=518,
            patch_size=14,
            layer_scale_init_value=1e-5,
            out_indices=[3, 6, 9, 11],  # the last two as in ViT-B
            init_cfg=dict(checkpoint=checkpoint, prefix='backbone.'),
        )
    )
)
