"""What travels: labels of a batch, outputs, pseudo labels."""

from .image import to_uint8
from .img_label import stack_img_labels, stack_valid_mask
from .outputs import NetworkOutput, PseudoLabels

__all__ = [
    'NetworkOutput',
    'PseudoLabels',
    'stack_img_labels',
    'stack_valid_mask',
    'to_uint8',
]
