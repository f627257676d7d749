"""Pretrained weights of other projects for the networks of configs."""

from cosa_mmseg.utils.weights import WeightsError, read_weights

from .convert import (
    Conversion,
    convert_weights,
)
from .files import write_weights
from .flax import flax_to_timm
from .released import released_to_network

__all__ = [
    'Conversion',
    'WeightsError',
    'convert_weights',
    'flax_to_timm',
    'read_weights',
    'released_to_network',
    'write_weights',
]
