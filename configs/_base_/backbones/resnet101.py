# ResNet-101 V1c with dilation, stride 8; auxiliary feature: the third stage.
# Source: the weights, and what they were trained with
backbone = dict(
    type='ResNetV1c',
    depth=101,
    num_stages=4,
    out_indices=(0, 1, 2, 3),
    dilations=(1, 1, 2, 4),
    strides=(1, 2, 1, 1),
    contract_dilation=True,
    norm_cfg=dict(type='BN'),
    init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'),
)
sync_bn = 'torch'  # statistics over all GPUs
