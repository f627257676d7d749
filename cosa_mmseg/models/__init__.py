"""The method: networks, heads, pseudo labels, losses."""

from . import losses, pseudo_labels
from .backbones import EfficientNetLite, SmallResNet
from .data_preprocessor import TwoViewDataPreprocessor
from .decode_heads import CAMHead
from .post_process.dense_crf import DenseCRF
from .segmentors import CAMEncoderDecoder, CoSA

__all__ = [
    'CAMEncoderDecoder',
    'CAMHead',
    'CoSA',
    'DenseCRF',
    'EfficientNetLite',
    'SmallResNet',
    'TwoViewDataPreprocessor',
    'losses',
    'pseudo_labels',
]
