# What all arms are scored on besides: the coexisting context.
context = dict(
    type='ContextFalsePositiveMetric',
    context_dir='data/shapes/Context',
    context_id=1,  # water
    class_name='boat',
    cam_threshold=0.3,
)
