# PASCAL VOC 2012, the recipe that the authors' public code runs by default:
# two fixed thresholds with an ignore band, no RAW, DT or CSC. Its log made the
# published number.
# Source: released
_base_ = './cosa_vit-b_voc.py'
model = dict(
    assigner=dict(
        multi_scale=dict(aux_scales='last'),  # an accident of that code
        cam_labeler=dict(
            _delete_=True,
            type='DualThresholdLabeler',
            low=0.2,  # its log; its script says .25
            high=0.7,
            downscale=2,
        ),
        reliability=None,
    ),
    loss_c2s=dict(over_ranks=False),  # each process by its own pixels
    loss_csc=None,
    train_cfg=dict(warmup_iters=6001),  # 6000 and the step more that it takes
)
