# DINOv2 ViT-B/14 with four registers, by timm (`pip install timm`): mmpretrain
# has none with registers.
# Source: the weights, and what they were trained with
_base_ = '../cosa_vit-b_voc.py'
model = dict(
    network=dict(
        backbone=dict(
            _delete_=True,
            type='mmpretrain.TIMMBackbone',
            model_name='vit_base_patch14_reg4_dinov2',
            features_only=True,
            out_indices=[3, 6, 9, 11],  # the last two as in ViT-B
            # unlike in mmpretrain the last one is not layer-normed either
            dynamic_img_size=True,  # any size,
            dynamic_img_pad=True,  # padded to whole patches
            # timm's vit_base_patch14_reg4_dinov2, by `cosa convert`
            init_cfg=dict(
                type='Pretrained',
                checkpoint='pretrained/vit_base_patch14_reg4_dinov2.pth',
            ),
        ),
        frozen=[
            r'backbone\.timm_model\.model\.pos_embed',
            r'decode_head\..*bias',
        ],
    )
)
