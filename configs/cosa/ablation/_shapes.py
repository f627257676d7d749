# What all arms share: the shapes set, scored on the coexisting context too.
_base_ = '../cosa_shapes.py'
context = dict(
    type='ContextFalsePositiveMetric',
    context_dir='data/shapes/Context',
    context_id=1,  # water
    class_name='boat',
    cam_threshold=0.3,
)
test_evaluator = [*_base_.test_evaluator, context]
