# ResNet-50 V1c with dilation, stride 8; auxiliary feature: the third stage.
_base_ = '../cosa_vit-b_voc.py'
model = dict(
    network=dict(
        backbone=dict(
            _delete_=True,
            type='ResNetV1c',
            depth=50,
            num_stages=4,
            out_indices=(0, 1, 2, 3),
            dilations=(1, 1, 2, 4),
            strides=(1, 2, 1, 1),
            contract_dilation=True,
            norm_cfg=dict(type='BN'),
            init_cfg=dict(
                type='Pretrained', checkpoint='open-mmlab://resnet50_v1c'
            ),
        ),
        frozen=[r'decode_head\..*bias'],  # no position embedding
        channels_last=True,
    )
)
sync_bn = 'torch'  # statistics over all GPUs
