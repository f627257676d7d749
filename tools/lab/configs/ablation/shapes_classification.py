# Image-level classification alone, for as many iterations: what its CAMs are
# worth (`cam_mIoU_best`: predicted labels).
# Source: ours
_base_ = ['../../../../configs/cosa/cosa_shapes.py', '_context.py']
test_evaluator = [*_base_.test_evaluator, _base_.context]
model = dict(train_cfg=dict(warmup_iters=1200))
