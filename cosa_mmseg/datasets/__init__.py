"""Data sets with image-level labels, and their transforms."""

from .coco import COCOImageLabelDataset
from .image_level import ImageLabelDataset
from .transforms import (
    PHOTOMETRIC_OPS,
    PackImageLabelInputs,
    RandomPlaceCrop,
    RandomScale,
    TwoViews,
    photometric_op,
)
from .voc import VOCImageLabelDataset

__all__ = [
    'COCOImageLabelDataset',
    'ImageLabelDataset',
    'PHOTOMETRIC_OPS',
    'PackImageLabelInputs',
    'RandomPlaceCrop',
    'RandomScale',
    'TwoViews',
    'VOCImageLabelDataset',
    'photometric_op',
]
