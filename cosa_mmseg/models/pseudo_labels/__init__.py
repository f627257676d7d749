"""Assignments: how pseudo labels are made from what a network says."""

from .cam import (
    IGNORE_INDEX,
    cam_to_label,
    check_labels,
    normalize_cam,
    restrict_cam,
)
from .dual_threshold_labeler import DualThresholdLabeler
from .multi_scale import MultiScaleInference
from .pixel_adaptive_refinement import PixelAdaptiveRefinement
from .restricted_softmax import (
    RestrictedSoftmax,
    confident_label,
    restrict_logits,
)

__all__ = [
    'IGNORE_INDEX',
    'DualThresholdLabeler',
    'MultiScaleInference',
    'PixelAdaptiveRefinement',
    'RestrictedSoftmax',
    'cam_to_label',
    'check_labels',
    'confident_label',
    'normalize_cam',
    'restrict_cam',
    'restrict_logits',
]
