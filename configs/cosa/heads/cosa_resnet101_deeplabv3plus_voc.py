# DeepLabV3+ with its auxiliary FCN head on ResNet-101, as in mmseg.
# Its pooling to 1x1 is followed by BatchNorm: at least two images a process.
# Source: mmseg
_base_ = ['../cosa_vit-b_voc.py', '../../_base_/backbones/resnet101.py']
norm_cfg = dict(type='BN')
model = dict(
    network=dict(
        backbone=dict(_base_.backbone, _delete_=True),
        decode_head=dict(
            _delete_=True,
            type='DepthwiseSeparableASPPHead',
            in_index=-1,
            channels=512,
            dilations=(1, 12, 24, 36),
            c1_in_channels=None,  # found: that of the first feature
            c1_channels=48,
            dropout_ratio=0.1,
            norm_cfg=norm_cfg,
        ),
        # learns from the same pseudo labels
        auxiliary_head=dict(
            type='FCNHead',
            in_index=-2,
            channels=256,
            num_convs=1,
            concat_input=False,
            dropout_ratio=0.1,
            norm_cfg=norm_cfg,
            loss_decode=dict(type='CrossEntropyLoss', loss_weight=0.4),
        ),
        frozen=[],
        channels_last=True,
    )
)
optim_wrapper = dict(  # ours: as the other heads
    paramwise_cfg=dict(custom_keys={'auxiliary_head': dict(lr_mult=10)})
)
