"""Assignments: pseudo labels from the outputs of a network."""

from .adaptive_threshold import AdaptiveThreshold
from .assigner import Assigner
from .dual_dynamic_threshold import DualDynamicThreshold
from .dual_threshold_labeler import DualThresholdLabeler
from .dynamic_threshold import DynamicThreshold
from .fixed_threshold import FixedThreshold
from .multi_scale import MultiScaleInference
from .perplexity import PerplexityWeight, perplexity, reliability_weight
from .pixel_adaptive_refinement import PixelAdaptiveRefinement
from .restricted_softmax import RestrictedSoftmax
from .threshold_labeler import ThresholdLabeler

__all__ = [
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
    'perplexity',
    'reliability_weight',
]
