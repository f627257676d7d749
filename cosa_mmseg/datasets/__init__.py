"""Data sets with image-level labels, and their transforms."""

from . import transforms  # noqa: F401
from .bad_files import BadFileError
from .checked_seg_dataset import CheckedSegDataset
from .coco import COCOImageLabelDataset
from .image_level import ImageLabelDataset
from .pseudo_label import PseudoLabelDataset
from .samplers import ResumableSampler
from .voc import VOCImageLabelDataset

__all__ = [
    'BadFileError',
    'COCOImageLabelDataset',
    'CheckedSegDataset',
    'ImageLabelDataset',
    'PseudoLabelDataset',
    'ResumableSampler',
    'VOCImageLabelDataset',
]
