# ViT-L/16.
# Source: the weights, and what they were trained with
_base_ = '../cosa_vit-b_voc.py'
model = dict(
    data_preprocessor=dict(  # what the weights were trained with
        mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]
    ),
    network=dict(
        backbone=dict(
            arch='large',
            # ours: at the same shares of the depth as 3, 6, 9 and 11 of 12
            out_indices=[7, 13, 19, 23],
            # timm's vit_large_patch16_224, by `cosa convert`
            init_cfg=dict(checkpoint='pretrained/vit_large_patch16_224.pth'),
        )
    ),
)
