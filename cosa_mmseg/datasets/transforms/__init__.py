"""Transforms: shared geometry, two views, packing."""

from .formatting import PackImageLabelInputs
from .load_train_mask import LoadTrainMask
from .photometric import PHOTOMETRIC_OPS, photometric_op
from .random_non_empty_resize import RandomNonEmptyResize
from .random_place_crop import RandomPlaceCrop
from .random_scale import RandomScale
from .two_views import TwoViews

__all__ = [
    'RandomNonEmptyResize',
    'PHOTOMETRIC_OPS',
    'LoadTrainMask',
    'PackImageLabelInputs',
    'RandomPlaceCrop',
    'RandomScale',
    'TwoViews',
    'photometric_op',
]
