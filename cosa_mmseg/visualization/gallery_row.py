"""What is drawn of one image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from .panels import heat_map_panel, image_panel, label_map_panel
from .style import VACANT, Colour

MOST_WEIGHT = 2.0  # the brightest weight; their mean is 1
TITLES = {
    'image': 'Image',
    'truth': 'Ground truth',
    'cam': 'CAM',
    'cam_aux': 'Auxiliary CAM',
    'cpl': 'CPL',
    'cpl_aux': 'Auxiliary CPL',
    'weight': f'Weights, 0 to {MOST_WEIGHT:g}',
    'spl': 'SPL',
    'prediction': 'Prediction',
    'online': 'Online network',
}
_MAPS = ('truth', 'cpl', 'cpl_aux', 'spl', 'prediction', 'online')


@dataclass(frozen=True)
class GalleryRow:
    """What is drawn of one image; arrays or CPU tensors of any sizes.

    Maps may be smaller or larger than the image: label maps are resized by
    nearest neighbour, CAMs and weights bilinearly.  A picture that is None
    leaves its place empty.

    Attributes:
        image_id: Written above the row.
        image: (H, W, 3) uint8, RGB.
        labels: Image-level labels: present foreground classes, from 0.
        truth: (h, w) class ids, background 0, 255 = ignore.
        cam: (C, h, w) in [0, 1]; drawn is its maximum over `labels`.
        cam_aux: The auxiliary CAM, as `cam`.
        cpl: (h, w) pseudo label made from the CAM, as `truth`.
        cpl_aux: (h, w) that of the auxiliary CAM.
        weight: (h, w) reliability of `cpl`, not negative, of mean 1.
        spl: (h, w) pseudo label made from the segmentation, as `truth`.
        prediction: (h, w) as `truth`.
        online: (h, w) prediction of the online network, as `truth`.
    """

    image_id: str
    image: ArrayLike
    labels: ArrayLike = ()
    truth: ArrayLike | None = None
    cam: ArrayLike | None = None
    cam_aux: ArrayLike | None = None
    cpl: ArrayLike | None = None
    cpl_aux: ArrayLike | None = None
    weight: ArrayLike | None = None
    spl: ArrayLike | None = None
    prediction: ArrayLike | None = None
    online: ArrayLike | None = None

    @property
    def label_ids(self) -> list[int]:
        """`labels` as segmentation ids, the background being 0."""
        return (np.asarray(self.labels, dtype=np.int64) + 1).tolist()


def draw_panel(
    row: GalleryRow,
    name: str,
    palette: Sequence[Colour],
    size: tuple[int, int],
) -> Image.Image:
    """One picture of a row.

    Args:
        row: The row.
        name: Name of its picture, out of `TITLES`.
        palette: K colours, RGB in 0 to 255.
        size: Width and height of the picture.
    """
    content = getattr(row, name)
    if content is None:
        return Image.new('RGB', size, VACANT)
    if name == 'image':
        return image_panel(row.image, size)
    if name in ('cam', 'cam_aux'):
        cam = np.asarray(content)[[id_ - 1 for id_ in row.label_ids]]
        heat = cam.max(0, initial=0)  # all 0 where there is no label
        return heat_map_panel(heat, row.image, size)
    if name == 'weight':
        heat = np.asarray(content) / MOST_WEIGHT
        grey = image_panel(row.image, size).convert('L').convert('RGB')
        return heat_map_panel(
            heat, np.asarray(grey), size, alpha=0.7, colours='viridis'
        )
    return label_map_panel(content, row.image, palette, size)


def shown_ids(rows: Sequence[GalleryRow], columns: Sequence[str]) -> list[int]:
    """Class ids that label maps or image labels of some rows show.

    Args:
        rows: The rows.
        columns: Names of the pictures that are drawn of them.
    """
    ids = {id_ for row in rows for id_ in row.label_ids}
    for row in rows:
        for name in columns:
            label_map = getattr(row, name)
            if name in _MAPS and label_map is not None:
                ids.update(np.unique(np.asarray(label_map)).tolist())
    return sorted(ids)
