"""What travels: labels of a batch, outputs, pseudo labels."""

from .batch import CoSABatch
from .image import resize_maps, to_uint8
from .img_label import shown_classes, stack_img_labels, stack_valid_mask
from .outputs import CAMLabels, NetworkOutput, PseudoLabels
from .resized_maps import ResizedMaps

__all__ = [
    'CAMLabels',
    'CoSABatch',
    'NetworkOutput',
    'PseudoLabels',
    'ResizedMaps',
    'resize_maps',
    'shown_classes',
    'stack_img_labels',
    'stack_valid_mask',
    'to_uint8',
]
