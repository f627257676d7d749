"""Data sets with image-level labels, and their transforms."""

from .bad_files import BadFileError
from .checked_seg_dataset import CheckedSegDataset
from .coco import COCOImageLabelDataset
from .image_level import ImageLabelDataset
from .pseudo_label import PseudoLabelDataset
from .samplers import ResumableSampler
from .transforms import (
    PHOTOMETRIC_OPS,
    PackImageLabelInputs,
    RandomNonEmptyResize,
    RandomPlaceCrop,
    RandomScale,
    TwoViews,
    photometric_op,
)
from .voc import VOCImageLabelDataset

__all__ = [
    'BadFileError',
    'COCOImageLabelDataset',
    'CheckedSegDataset',
    'ImageLabelDataset',
    'RandomNonEmptyResize',
    'PHOTOMETRIC_OPS',
    'PackImageLabelInputs',
    'PseudoLabelDataset',
    'RandomPlaceCrop',
    'RandomScale',
    'ResumableSampler',
    'TwoViews',
    'VOCImageLabelDataset',
    'photometric_op',
]
