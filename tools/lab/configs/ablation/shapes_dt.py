# Base + DT: the dynamic threshold.
# Source: ours
_base_ = ['../../../../configs/cosa/cosa_shapes.py', '_context.py']
test_evaluator = [*_base_.test_evaluator, _base_.context]
model = dict(assigner=dict(reliability=None), loss_csc=None)
