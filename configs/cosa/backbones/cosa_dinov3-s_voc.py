# DINOv3 ViT-S/16, by timm.
# Source: the weights, and what they were trained with
_base_ = 'cosa_dinov3-b_voc.py'
model = dict(
    network=dict(
        backbone=dict(
            model_name='vit_small_patch16_dinov3',
            init_cfg=dict(
                checkpoint='pretrained/vit_small_patch16_dinov3.pth',
            ),
        ),
    )
)
