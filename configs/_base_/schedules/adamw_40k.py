# What mmseg trains UPerNet with Swin with, for 40,000 iterations (ours; mmseg,
# on ADE20K: 160,000). One iteration is one optimiser step on
# `total_batch_size` images, on any number of GPUs.
# Source: mmseg
max_iters = 40000  # ours; mmseg on ADE20K: 160,000
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='AdamW', lr=6e-5, betas=(0.9, 0.999), weight_decay=0.01
    ),
    paramwise_cfg=dict(
        custom_keys={
            'absolute_pos_embed': dict(decay_mult=0.0),
            'relative_position_bias_table': dict(decay_mult=0.0),
            'norm': dict(decay_mult=0.0),
        }
    ),
)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-6, begin=0, end=1500, by_epoch=False
    ),
    dict(type='PolyLR', power=1.0, begin=1500, end=max_iters, by_epoch=False),
]
train_cfg = dict(
    type='TotalBatchTrainLoop',
    max_iters=max_iters,
    total_batch_size=16,  # mmseg: 8 GPUs of 2
    val_interval=4000,
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
