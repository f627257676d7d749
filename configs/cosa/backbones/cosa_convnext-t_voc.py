# ConvNeXt-T; stride 32. Auxiliary feature: the third stage.
# Source: the weights, and what they were trained with
_base_ = '../cosa_vit-b_voc.py'
# mmseg's convnext-tiny_upernet
checkpoint = 'https://mmassets.onedl.ai/mmclassification/v0/convnext/downstream/convnext-tiny_3rdparty_32xb128-noema_in1k_20220301-795e9634.pth'  # noqa: E501
model = dict(
    network=dict(
        backbone=dict(
            _delete_=True,
            type='mmpretrain.ConvNeXt',
            arch='tiny',
            out_indices=(0, 1, 2, 3),
            drop_path_rate=0.4,
            layer_scale_init_value=1.0,
            gap_before_final_norm=False,
            init_cfg=dict(
                type='Pretrained', checkpoint=checkpoint, prefix='backbone.'
            ),
        ),
        frozen=[r'decode_head\..*bias'],  # no position embedding
    )
)
