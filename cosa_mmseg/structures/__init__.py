"""What travels: labels of a batch, outputs, pseudo labels."""

from .image import to_uint8
from .img_label import shown_classes, stack_img_labels, stack_valid_mask
from .outputs import NetworkOutput, PseudoLabels

__all__ = [
    'NetworkOutput',
    'PseudoLabels',
    'shown_classes',
    'stack_img_labels',
    'stack_valid_mask',
    'to_uint8',
]
