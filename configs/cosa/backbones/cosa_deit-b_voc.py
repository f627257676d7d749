# DeiT-B/16, distilled: two tokens beside those of the patches.
# Source: the weights, and what they were trained with
_base_ = '../cosa_vit-b_voc.py'
# mmpretrain's deit-base-distilled_16xb64_in1k
checkpoint = 'https://mmassets.onedl.ai/mmclassification/v0/deit/deit-base-distilled_3rdparty_pt-16xb64_in1k_20211216-42891296.pth'  # noqa: E501
model = dict(
    network=dict(
        backbone=dict(
            type='mmpretrain.DistilledVisionTransformer',
            arch='deit-base',
            out_indices=[3, 6, 9, 11],  # the last two as in ViT-B
            init_cfg=dict(checkpoint=checkpoint, prefix='backbone.'),
        )
    )
)
