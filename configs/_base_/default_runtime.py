default_scope = 'mmseg'
custom_imports = dict(imports=['cosa_mmseg'], allow_failed_imports=False)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='SafeCheckpointHook',
        by_epoch=False,
        interval=2000,
        max_keep_ckpts=2,
        on_save_error='continue',  # a full disk; or 'stop'
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
    non_finite_loss=dict(type='NonFiniteLossHook'),
    checkpoint_fit=dict(type='CheckpointFitHook'),
    # of AutoPrecisionOptimWrapper: bfloat16 where it is faster
    precision=dict(type='PrecisionHook'),
    # pictures of 4 validation images, at each validation besides; images=0:
    # none
    pictures=dict(type='CoSAVisualizationHook', images=4, interval=2000),
    report=dict(type='ReportHook'),  # report.html in the work dir
)
log_processor = dict(by_epoch=False)
log_level = 'INFO'

visualizer = dict(
    type='SegLocalVisualizer',
    vis_backends=[dict(type='FullDiskVisBackend')],
    name='visualizer',
)

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
randomness = dict(seed=0)

load_from = None
resume = False
