# ViT-S/16: of mmpretrain 'deit-small', for its 'small' is another network.
_base_ = '../cosa_vit-b_voc.py'
model = dict(
    data_preprocessor=dict(  # what the weights were trained with
        mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]
    ),
    network=dict(
        backbone=dict(
            _delete_=True,
            type='mmpretrain.VisionTransformer',
            arch='deit-small',
            img_size=224,
            patch_size=16,
            out_indices=[3, 6, 9, 11],  # the last two as in ViT-B
            out_type='featmap',
            interpolate_mode='bicubic',
            # timm's vit_small_patch16_224, by
            # tools/model_converters/convert_weights.py
            init_cfg=dict(
                type='Pretrained',
                checkpoint='pretrained/vit_small_patch16_224.pth',
            ),
        )
    ),
)
