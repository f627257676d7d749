# mmseg's schedule_20k. One iteration is one optimiser step on
# `total_batch_size` images, on any number of GPUs.
# Source: mmseg
max_iters = 20000
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0005),
)
param_scheduler = [
    dict(type='PolyLR', eta_min=1e-4, power=0.9, end=max_iters, by_epoch=False)
]
train_cfg = dict(
    type='TotalBatchTrainLoop',
    max_iters=max_iters,
    total_batch_size=16,  # mmseg: 4 GPUs of 4
    val_interval=2000,
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
