# The shapes set, a small network from scratch, on a CPU: the demo.
# The recipe is the released one (two fixed thresholds); what differs is
# adapted to the short schedule and the small network, by experiments on this
# set.
_base_ = [
    '../_base_/models/cosa_vit-b.py',
    '../_base_/datasets/shapes_wsss.py',
    '../_base_/schedules/cosa_32k.py',
    '../_base_/default_runtime.py',
]
num_classes = 7
head = dict(type='CAMHead', num_classes=num_classes, pooling='max')
# stride 8: 2 in the stem and in the first two stages
backbone = dict(
    type='SmallResNet',
    stem_channels=32,
    base_channels=32,
    num_stages=3,
    strides=(2, 2, 1),
    dilations=(1, 1, 1),
    out_indices=(1, 2),
    zero_init_residual=False,  # learns faster in a schedule this short
)
decode_head = dict(
    type='FCNHead',
    in_channels=128,
    in_index=1,
    channels=64,
    num_convs=2,
    dilation=2,
    concat_input=False,
    norm_cfg=None,
    dropout_ratio=0,
    num_classes=num_classes,
)
model = dict(
    network=dict(
        _delete_=True,
        type='CAMEncoderDecoder',
        backbone=backbone,
        decode_head=decode_head,
        cam_head=dict(head, in_channels=128, in_index=1),
        cam_head_aux=dict(head, in_channels=64, in_index=0),
        frozen=[r'decode_head\..*bias'],
    ),
    assigner=dict(
        multi_scale=dict(scales=[1.0, 1.5], aux_scales='sum'),
        cam_labeler=dict(
            _delete_=True,
            type='DualThresholdLabeler',
            low=0.2,
            high=0.35,
            downscale=2,
        ),
        reliability=None,
    ),
    loss_csc=None,
    loss_c2s=dict(fg_share=0.4, loss_weight=0.2),
    loss_energy=None,
    train_cfg=dict(warmup_iters=1200),
)
tta_cfg = dict(scales=[1.0, 1.5], mirror=True)

max_iters = 2200
optim_wrapper = dict(
    optimizer=dict(lr=2e-3, weight_decay=0.05),
    paramwise_cfg=dict(_delete_=True),  # one rate: nothing is pretrained
)
param_scheduler = dict(warmup_iters=100)
train_cfg = dict(
    max_iters=max_iters, total_batch_size=16, val_interval=max_iters
)
custom_hooks = [dict(type='AssignmentEMAHook', momentum=0.02)]
default_hooks = dict(checkpoint=dict(interval=max_iters, save_last=True))
