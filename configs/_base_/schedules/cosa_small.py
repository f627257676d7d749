# A schedule for some hundred to some thousand pictures on a CPU (ours): its
# length follows their number.
# Source: ours
optim_wrapper = dict(
    type='AutoPrecisionOptimWrapper',
    constructor='GroupedOptimWrapperConstructor',
    optimizer=dict(
        type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.01
    ),
    # ten times the rate for the classifiers and the head
    paramwise_cfg=dict(
        custom_keys={
            'cam_head': dict(lr_mult=10),
            'decode_head': dict(lr_mult=10),
        }
    ),
)
param_scheduler = dict(
    type='WarmupPolyLR',
    warmup_iters=20,
    by_epoch=False,
    power=0.9,
    start_factor=1e-6,
)
train_cfg = dict(
    type='TotalBatchTrainLoop',
    total_batch_size=8,
    epochs=5,
    iters_range=(600, 8000),
    val_interval=10000,  # at the end only
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='AssignmentEMAHook', momentum=0.01)]
