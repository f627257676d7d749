# All three techniques: the paper's recipe.
# Source: ours
_base_ = ['../../../../configs/cosa/cosa_shapes.py', '_context.py']
test_evaluator = [*_base_.test_evaluator, _base_.context]
