"""Assignments: how pseudo labels are made from what a network says."""

from ..ops.cam import (
    IGNORE_INDEX,
    cam_to_label,
    check_labels,
    normalize_cam,
    restrict_cam,
)
from .adaptive_threshold import AdaptiveThreshold
from .assigner import Assigner
from .dual_dynamic_threshold import DualDynamicThreshold
from .dual_threshold_labeler import DualThresholdLabeler
from .dynamic_threshold import DynamicThreshold
from .fixed_threshold import FixedThreshold
from .multi_scale import MultiScaleInference
from .perplexity import PerplexityWeight, perplexity, reliability_weight
from .pixel_adaptive_refinement import PixelAdaptiveRefinement
from .restricted_softmax import (
    RestrictedSoftmax,
    restrict_logits,
)
from .statistics import summarize
from .threshold_labeler import ThresholdLabeler

__all__ = [
    'IGNORE_INDEX',
    'AdaptiveThreshold',
    'Assigner',
    'DualDynamicThreshold',
    'DualThresholdLabeler',
    'DynamicThreshold',
    'FixedThreshold',
    'MultiScaleInference',
    'PerplexityWeight',
    'PixelAdaptiveRefinement',
    'RestrictedSoftmax',
    'ThresholdLabeler',
    'cam_to_label',
    'check_labels',
    'normalize_cam',
    'perplexity',
    'reliability_weight',
    'restrict_cam',
    'restrict_logits',
    'summarize',
]
