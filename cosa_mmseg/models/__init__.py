"""The method: networks, heads, pseudo labels, losses."""

from .backbones import EfficientNetLite, SmallResNet
from .data_preprocessor import TwoViewDataPreprocessor
from .decode_heads import CAMHead
from .losses import (
    C2SLoss,
    ContrastiveSeparationLoss,
    DenseEnergyLoss,
    S2CCrossEntropyLoss,
    S2CLoss,
)
from .pseudo_labels import (
    Assigner,
    DualDynamicThreshold,
    DualThresholdLabeler,
    DynamicThreshold,
    FixedThreshold,
    MultiScaleInference,
    PerplexityWeight,
    PixelAdaptiveRefinement,
    RestrictedSoftmax,
    ThresholdLabeler,
)
from .segmentors import CAMEncoderDecoder, CoSA

__all__ = [
    'Assigner',
    'C2SLoss',
    'CAMEncoderDecoder',
    'CAMHead',
    'CoSA',
    'ContrastiveSeparationLoss',
    'DenseEnergyLoss',
    'DualDynamicThreshold',
    'DualThresholdLabeler',
    'DynamicThreshold',
    'EfficientNetLite',
    'FixedThreshold',
    'MultiScaleInference',
    'PerplexityWeight',
    'PixelAdaptiveRefinement',
    'RestrictedSoftmax',
    'S2CCrossEntropyLoss',
    'S2CLoss',
    'SmallResNet',
    'ThresholdLabeler',
    'TwoViewDataPreprocessor',
]
