"""Pictures of images, CAMs, pseudo labels and predictions."""

from .browse import draw_sample, save_samples
from .explain import explain, observe
from .gallery import draw_gallery, draw_sheet, save_gallery
from .gallery_row import GalleryRow

__all__ = [
    'GalleryRow',
    'draw_gallery',
    'draw_sample',
    'draw_sheet',
    'explain',
    'observe',
    'save_gallery',
    'save_samples',
]
