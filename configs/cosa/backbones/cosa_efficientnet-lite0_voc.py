# EfficientNet-Lite0 by timm (`pip install timm`); auxiliary feature: the last
# but one.
_base_ = '../cosa_vit-b_voc.py'
model = dict(
    data_preprocessor=dict(  # what the weights were trained with
        mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]
    ),
    network=dict(
        backbone=dict(
            _delete_=True,
            type='mmpretrain.TIMMBackbone',
            model_name='efficientnet_lite0',
            features_only=True,
            out_indices=(1, 2, 3, 4),
            output_stride=16,  # ours: not 32, by dilation
            # timm's efficientnet_lite0, by `cosa convert`
            init_cfg=dict(
                type='Pretrained',
                checkpoint='pretrained/efficientnet_lite0.pth',
            ),
        ),
        frozen=[r'decode_head\..*bias'],  # no position embedding
        channels_last=True,
    ),
)
sync_bn = 'torch'  # statistics over all GPUs
