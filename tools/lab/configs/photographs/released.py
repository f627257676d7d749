# What the authors' public code runs by default: two fixed thresholds with an
# ignore band, no RAW, DT or CSC, the dense energy.
# Source: released
_base_ = '../../../../configs/cosa/cosa_efficientnet-lite0_custom.py'
model = dict(
    assigner=dict(
        multi_scale=dict(aux_scales='last'),
        cam_labeler=dict(
            _delete_=True,
            type='DualThresholdLabeler',
            low=0.2,
            high=0.7,
            downscale=2,
        ),
        reliability=None,
    ),
    loss_energy=dict(
        _delete_=True,
        type='DenseEnergyLoss',
        sigma_rgb=15.0,
        sigma_xy=100.0,
        scale_factor=0.5,
        energy_weight=1e-7,
        loss_weight=0.05,
    ),
    loss_csc=None,
)
