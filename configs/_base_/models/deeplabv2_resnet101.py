# A segmentor in the style of DeepLabV2, of mmseg's parts: ResNet-101 of stride
# 8, dilations (6, 12, 18, 24). In the true DeepLabV2 four dilated convolutions
# are classifiers whose scores are added, without normalisation. mmseg's
# ASPPHead is that of DeepLabV3: the branches have 512 channels and batch norm,
# are joined by those of an image pooling, and a 3x3 convolution comes before
# the classifier. The stem has three 3x3 convolutions for one of 7x7 (V1c).
# Source: mmseg
num_classes = 21  # with the background; COCO: 81
norm_cfg = dict(type='BN')

model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    # as in mmseg's deeplabv3_r50-d8.py
    backbone=dict(
        type='ResNetV1c',
        depth=101,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        dilations=(1, 1, 2, 4),
        strides=(1, 2, 1, 1),
        norm_cfg=norm_cfg,
        norm_eval=False,
        style='pytorch',
        contract_dilation=True,
        # ImageNet weights, fetched at the first start; without a network, a
        # path of resnet101_v1c-e67eebb6.pth
        init_cfg=dict(
            type='Pretrained', checkpoint='open-mmlab://resnet101_v1c'
        ),
    ),
    decode_head=dict(
        type='ASPPHead',
        in_channels=2048,
        in_index=3,
        channels=512,
        dilations=(6, 12, 18, 24),  # DeepLabV2
        dropout_ratio=0.1,
        num_classes=num_classes,
        norm_cfg=norm_cfg,
        align_corners=False,
        # the mean over pixels that have a label (ours)
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    ),
    test_cfg=dict(mode='whole'),
)
sync_bn = 'torch'  # batch norm over the images of all GPUs, where several
