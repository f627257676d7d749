# ViT-S/16: of mmpretrain 'deit-small', for its 'small' is another network.
# Source: the weights, and what they were trained with
_base_ = '../cosa_vit-b_voc.py'
model = dict(
    data_preprocessor=dict(  # what the weights were trained with
        mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]
    ),
    network=dict(
        backbone=dict(
            arch='deit-small',
            out_indices=[3, 6, 9, 11],  # the last two as in ViT-B
            # timm's vit_small_patch16_224, by `cosa convert`
            init_cfg=dict(checkpoint='pretrained/vit_small_patch16_224.pth'),
        )
    ),
)
