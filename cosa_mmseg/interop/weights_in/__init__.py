"""Pretrained weights of other projects for the networks of configs."""

from .convert import Conversion, convert_weights
from .files import write_weights

__all__ = ['Conversion', 'convert_weights', 'write_weights']
