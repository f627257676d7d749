"""The method: networks, heads, pseudo labels, losses."""

from .backbones import SmallResNet
from .data_preprocessor import TwoViewDataPreprocessor
from .decode_heads import CAMHead
from .losses import C2SLoss, DenseEnergyLoss, S2CCrossEntropyLoss, S2CLoss
from .pseudo_labels import (
    DualThresholdLabeler,
    MultiScaleInference,
    PixelAdaptiveRefinement,
    RestrictedSoftmax,
)
from .segmentors import CAMEncoderDecoder, CoSA

__all__ = [
    'C2SLoss',
    'CAMEncoderDecoder',
    'CAMHead',
    'CoSA',
    'DenseEnergyLoss',
    'DualThresholdLabeler',
    'MultiScaleInference',
    'PixelAdaptiveRefinement',
    'RestrictedSoftmax',
    'S2CCrossEntropyLoss',
    'S2CLoss',
    'SmallResNet',
    'TwoViewDataPreprocessor',
]
