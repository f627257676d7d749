# The image encoder of SAM, ViT-B/16; trained on masks without classes, so this
# is no training from image-level labels alone.
# Source: the weights, and what they were trained with
_base_ = '../cosa_vit-b_voc.py'
# mmpretrain's vit-base-p16_sam-pre_3rdparty_sa1b-1024px
checkpoint = 'https://mmassets.onedl.ai/mmclassification/v1/vit_sam/vit-base-p16_sam-pre_3rdparty_sa1b-1024px_20230411-2320f9cc.pth'  # noqa: E501
model = dict(
    network=dict(
        backbone=dict(
            _delete_=True,
            type='mmpretrain.ViTSAM',
            arch='base',
            img_size=448,  # position embeddings of 1024 are resized once
            patch_size=16,
            # SAM's neck to 256 channels; ours: on each feature
            out_channels=256,
            out_indices=[3, 6, 9, 11],  # the last two as in ViT-B
            out_type='featmap',
            interpolate_mode='bicubic',
            init_cfg=dict(
                type='Pretrained', checkpoint=checkpoint, prefix='backbone.'
            ),
        )
    )
)
