# DeiT III-B/16, ImageNet-21k and -1k. As a VisionTransformer with layer scale:
# mmpretrain's DeiT3 leaves out the second norm of each block.
_base_ = '../cosa_vit-b_voc.py'
model = dict(
    network=dict(
        backbone=dict(
            _delete_=True,
            type='mmpretrain.VisionTransformer',
            arch='base',
            img_size=224,
            patch_size=16,
            layer_scale_init_value=1e-5,
            out_indices=[3, 6, 9, 11],  # the last two as in ViT-B
            out_type='featmap',
            interpolate_mode='bicubic',
            # timm's deit3_base_patch16_224.fb_in22k_ft_in1k, by
            # tools/model_converters/convert_weights.py
            init_cfg=dict(
                type='Pretrained',
                checkpoint='pretrained/deit3_base_patch16_224.pth',
            ),
        )
    )
)
