# FCN's head on ResNet-50, as in mmseg; unlike LargeFOV with BatchNorm, without
# dilation, and its input beside its last layer.
# Source: mmseg
_base_ = ['../cosa_vit-b_voc.py', '../../_base_/backbones/resnet50.py']
model = dict(
    network=dict(
        backbone=dict(_base_.backbone, _delete_=True),
        decode_head=dict(
            _delete_=True,
            type='FCNHead',
            in_index=-1,
            channels=512,
            num_convs=2,
            concat_input=True,
            dropout_ratio=0.1,
            norm_cfg=dict(type='BN'),
        ),
        frozen=[],
        channels_last=True,
    )
)
