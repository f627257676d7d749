"""Pictures of images, CAMs, pseudo labels and predictions."""

from .explain import explain
from .gallery import COLUMNS, GalleryRow, draw_gallery, save_gallery

__all__ = ['COLUMNS', 'GalleryRow', 'draw_gallery', 'explain', 'save_gallery']
