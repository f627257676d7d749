"""The pictures of one image."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from .panels import grey_panel, heat_map_panel, image_panel, label_map_panel
from .style import Colour

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
    'prediction': 'Assignment network',
    'online': 'Online network',
}
LABEL_MAPS = ('truth', 'cpl', 'cpl_aux', 'spl', 'prediction', 'online')


@dataclass(frozen=True)
class GalleryRow:
    """The pictures of one image; arrays or CPU tensors of any sizes.

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
        prediction: (h, w) prediction of the assignment network, as `truth`.
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

    def draw(
        self, name: str, palette: Sequence[Colour], size: tuple[int, int]
    ) -> Image.Image | None:
        """Draw one picture; None where there is none.

        Args:
            name: Its name, out of `TITLES`.
            palette: K colours, RGB in 0 to 255.
            size: Width and height of the picture.
        """
        content = getattr(self, name)
        if content is None:
            return None
        if name == 'image':
            return image_panel(content, size)
        if name in LABEL_MAPS:
            return label_map_panel(content, self.image, palette, size)
        if name == 'weight':
            heat = np.asarray(content) / MOST_WEIGHT
            grey = np.asarray(grey_panel(self.image, size))
            return heat_map_panel(heat, grey, size, 0.7, 'viridis')
        cam = np.asarray(content)[[id_ - 1 for id_ in self.label_ids]]
        heat = cam.max(0, initial=0)  # all 0 where there is no label
        return heat_map_panel(heat, self.image, size)

    def shown_ids(self, names: Iterable[str]) -> set[int]:
        """Return the class ids in `labels` and in the label maps of names."""
        maps = [getattr(self, name) for name in names if name in LABEL_MAPS]
        found = [np.unique(np.asarray(m)) for m in maps if m is not None]
        return {*self.label_ids, *(int(i) for ids in found for i in ids)}
