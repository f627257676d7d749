# One iteration is one optimiser step on `total_batch_size` images, on any
# number of GPUs.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='GroupedOptimWrapperConstructor',  # equal settings, one group
    optimizer=dict(  # released
        type='AdamW', lr=6e-5, betas=(0.9, 0.999), weight_decay=0.01
    ),
    # Ten times the rate for the classifiers and the head (released). The
    # biases and norms decay too.
    paramwise_cfg=dict(
        custom_keys={
            'cam_head': dict(lr_mult=10),
            'decode_head': dict(lr_mult=10),
        }
    ),
)
param_scheduler = dict(  # released
    type='WarmupPolyLR',
    warmup_iters=1500,
    by_epoch=False,
    power=0.9,
    start_factor=1e-6,
)
train_cfg = dict(
    type='TotalBatchTrainLoop',
    max_iters=32000,  # released, VOC
    total_batch_size=4,  # released: 2 GPUs of 2
    val_interval=2000,  # ours
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# paper: .9994, in the other direction
custom_hooks = [dict(type='AssignmentEMAHook', momentum=6e-4)]
