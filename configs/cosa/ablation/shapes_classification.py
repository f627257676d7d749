# Image-level classification alone, for as many iterations: what its CAMs are
# worth (`cam_mIoU_best`: predicted labels).
_base_ = '_shapes.py'
model = dict(train_cfg=dict(warmup_iters=1200))
