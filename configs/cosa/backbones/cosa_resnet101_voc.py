# ResNet-101 V1c with dilation, stride 8; auxiliary feature: the third stage.
_base_ = './cosa_resnet50_voc.py'
model = dict(
    network=dict(
        backbone=dict(
            depth=101,
            init_cfg=dict(checkpoint='open-mmlab://resnet101_v1c'),
        )
    )
)
