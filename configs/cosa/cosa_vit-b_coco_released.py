# MS COCO 2014, the recipe that the authors' public code runs by default: see
# cosa_vit-b_voc_released.py.
# Source: released
_base_ = './cosa_vit-b_coco.py'
model = dict(
    assigner=dict(
        multi_scale=dict(aux_scales='last'),
        cam_labeler=dict(
            _delete_=True,
            type='DualThresholdLabeler',
            low=0.25,
            high=0.65,
            downscale=2,
        ),
        cam_labeler_aux=dict(
            type='DualThresholdLabeler', low=0.25, high=0.7, downscale=2
        ),
        reliability=None,
    ),
    loss_c2s=dict(over_ranks=False),  # each process by its own pixels
    loss_csc=None,
    train_cfg=dict(warmup_iters=10001),
)
