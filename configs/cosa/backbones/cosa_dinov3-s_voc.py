# DINOv3 ViT-S/16, by timm.
# Source: the weights, and what they were trained with
_base_ = '../cosa_vit-b_voc.py'
model = dict(
    network=dict(
        backbone=dict(
            _delete_=True,
            type='mmpretrain.TIMMBackbone',
            model_name='vit_small_patch16_dinov3',
            features_only=True,
            out_indices=[3, 6, 9, 11],  # the last two as in ViT-B
            # as with DINOv2, the last one is not layer-normed
            dynamic_img_size=True,  # any size; positions are rotations
            dynamic_img_pad=True,  # padded to whole patches
            # timm's vit_small_patch16_dinov3.lvd1689m, by `cosa convert`
            init_cfg=dict(
                type='Pretrained',
                checkpoint='pretrained/vit_small_patch16_dinov3.pth',
            ),
        ),
        frozen=[r'decode_head\..*bias'],
    ),
)
