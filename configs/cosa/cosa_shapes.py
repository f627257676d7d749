# The paper's recipe on the shapes set: a small network that was pretrained on
# other shapes, by configs/pretrain/small_resnet_shapes.py. Runs on a CPU.
# What differs from the recipe for VOC is adapted to the small network and the
# short schedule, on the splits `tune` and `tune_decorr`.
# Source: ours
_base_ = [
    '../_base_/models/cosa_vit-b.py',
    '../_base_/datasets/shapes_wsss.py',
    '../_base_/schedules/cosa_32k.py',
    '../_base_/default_runtime.py',
]
pretrained = 'pretrained/small_resnet_shapes/iter_2000.pth'
head = dict(type='CAMHead', pooling='max')
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
    init_cfg=dict(
        type='Pretrained', checkpoint=pretrained, prefix='online.backbone.'
    ),
)
decode_head = dict(
    type='FCNHead',
    channels=64,
    num_convs=2,
    dilation=2,
    concat_input=False,
    norm_cfg=None,
    dropout_ratio=0,
)
threshold = dict(initial=0.4, grid=(12, 12))
model = dict(
    network=dict(
        _delete_=True,
        type='CAMEncoderDecoder',
        num_classes=7,
        backbone=backbone,
        decode_head=decode_head,
        cam_head=dict(head, in_index=-1),
        cam_head_aux=dict(head, in_index=-2),
        frozen=[r'decode_head\..*bias'],
        channels_last=True,
    ),
    assigner=dict(
        multi_scale=dict(scales=[1.0]),
        cam_labeler=dict(threshold=threshold),
        reliability=dict(mean_of='sides'),  # keeps the foreground's share
    ),
    # The auxiliary CAM of this network is no less prone to the context than
    # the main one, and CSC mends the main one only: its share is lower.
    loss_c2s=dict(aux_share=0.2, loss_weight=0.2),
    loss_energy=None,
    train_cfg=dict(warmup_iters=300),
)
tta_cfg = dict(scales=[1.0, 1.5], mirror=True)

max_iters = 1200
optim_wrapper = dict(
    type='AutoPrecisionOptimWrapper',
    optimizer=dict(lr=1e-3, weight_decay=0.05),
    paramwise_cfg=dict(_delete_=True),  # one rate for all
)
param_scheduler = dict(warmup_iters=100)
train_cfg = dict(
    max_iters=max_iters, total_batch_size=16, val_interval=max_iters
)
custom_hooks = [dict(type='AssignmentEMAHook', momentum=0.01)]
default_hooks = dict(checkpoint=dict(interval=max_iters, save_last=True))
