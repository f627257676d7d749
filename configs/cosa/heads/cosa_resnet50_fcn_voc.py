# FCN's head on ResNet-50, as in mmseg; unlike LargeFOV with BatchNorm, without
# dilation, and its input beside its last layer.
_base_ = '../backbones/cosa_resnet50_voc.py'
model = dict(
    network=dict(
        decode_head=dict(
            _delete_=True,
            type='FCNHead',
            in_index=-1,
            channels=512,
            num_convs=2,
            concat_input=True,
            dropout_ratio=0.1,
            norm_cfg=dict(type='BN'),
            num_classes=21,
        ),
        frozen=[],
    )
)
