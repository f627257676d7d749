"""Pictures of images, CAMs, pseudo labels and predictions."""

from .browse import draw_sample, save_samples
from .gallery import draw_gallery, draw_sheet, save_gallery
from .gallery_row import GalleryRow
from .observe import observe

__all__ = [
    'GalleryRow',
    'draw_gallery',
    'draw_sample',
    'draw_sheet',
    'observe',
    'save_gallery',
    'save_samples',
]
