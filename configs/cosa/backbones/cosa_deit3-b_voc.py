# DeiT III-B/16, ImageNet-21k and -1k. As a VisionTransformer with layer scale:
# mmpretrain's DeiT3 leaves out the second norm of each block.
# Source: the weights, and what they were trained with
_base_ = '../cosa_vit-b_voc.py'
model = dict(
    network=dict(
        backbone=dict(
            layer_scale_init_value=1e-5,
            out_indices=[3, 6, 9, 11],  # the last two as in ViT-B
            # timm's deit3_base_patch16_224.fb_in22k_ft_in1k, by
            # `cosa convert`
            init_cfg=dict(checkpoint='pretrained/deit3_base_patch16_224.pth'),
        )
    )
)
