# RAW and CSC with the fixed threshold .3, where shapes_all.py has DT.
# Source: ours
_base_ = ['../../../../configs/cosa/cosa_shapes.py', '../ablation/_context.py']
test_evaluator = [*_base_.test_evaluator, _base_.context]
model = dict(
    assigner=dict(
        cam_labeler=dict(
            threshold=dict(_delete_=True, type='FixedThreshold', value=0.3)
        ),
    ),
)
