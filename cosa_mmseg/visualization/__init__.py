"""Pictures of images, CAMs, pseudo labels and predictions."""

from .browse import draw_sample, save_samples
from .explain import explain, observe
from .gallery import COLUMNS, draw_gallery, save_gallery
from .gallery_row import GalleryRow
from .sheet import draw_sheet

__all__ = [
    'COLUMNS',
    'GalleryRow',
    'draw_gallery',
    'draw_sample',
    'draw_sheet',
    'explain',
    'observe',
    'save_gallery',
    'save_samples',
]
