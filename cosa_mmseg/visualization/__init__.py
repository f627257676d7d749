"""Pictures of images, CAMs, pseudo labels and predictions."""

from .browse import draw_sample, save_samples
from .explain import explain
from .gallery import COLUMNS, GalleryRow, draw_gallery, save_gallery

__all__ = [
    'COLUMNS',
    'GalleryRow',
    'draw_gallery',
    'draw_sample',
    'explain',
    'save_gallery',
    'save_samples',
]
