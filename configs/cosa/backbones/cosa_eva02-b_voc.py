# EVA-02-B/14, ImageNet-21k and -1k at 448 pixels.
# Source: the weights, and what they were trained with
_base_ = '../cosa_vit-b_voc.py'
# mmpretrain's eva02-base-p14_in21k-pre_3rdparty_in1k-448px
checkpoint = 'https://mmassets.onedl.ai/mmpretrain/v1.0/eva02/eva02-base-p14_in21k-pre_3rdparty_in1k-448px_20230505-8ad211c5.pth'  # noqa: E501
model = dict(
    data_preprocessor=dict(  # what the weights were trained with, CLIP's
        mean=[122.771, 116.746, 104.094], std=[68.501, 66.632, 70.323]
    ),
    network=dict(
        backbone=dict(
            _delete_=True,
            type='mmpretrain.ViTEVA02',
            arch='base',
            img_size=448,
            patch_size=14,
            sub_ln=True,
            # ours: the weights have no norm before the pooling; a new one
            # bounds the main feature, as in ViT-B
            final_norm=True,
            out_indices=[3, 6, 9, 11],  # the last two as in ViT-B
            out_type='featmap',
            interpolate_mode='bicubic',
            init_cfg=dict(
                type='Pretrained', checkpoint=checkpoint, prefix='backbone.'
            ),
        )
    ),
)
