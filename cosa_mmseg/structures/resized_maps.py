"""Maps that take their final size when they are read."""

from dataclasses import dataclass

from mmseg.models.utils import resize
from torch import Tensor


@dataclass(frozen=True, eq=False)
class ResizedMaps:
    """Maps of an image, resized bilinearly when they are read.

    Most are never read: a score looks at the few classes that are predicted
    or true, and to resize all takes half as long as a small network.

    Attributes:
        maps (Tensor): (C, h, w).
        size (tuple[int, ...]): H, W.
        align_corners (bool): As of ``torch.nn.functional.interpolate``.
    """

    maps: Tensor
    size: tuple[int, ...]
    align_corners: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """tuple[int, ...]: (C, H, W)."""
        return len(self.maps), *self.size

    @property
    def data(self) -> Tensor:
        """Tensor: All maps, (C, H, W)."""
        return self._resized(self.maps)

    def of_classes(self, classes: Tensor) -> Tensor:
        """Return the maps of some classes, int64 (n,), as (n, H, W)."""
        return self._resized(self.maps.index_select(0, classes))

    def _resized(self, maps: Tensor) -> Tensor:
        maps = maps.contiguous()  # each map apart, as they are read
        if not len(maps):  # nothing that torch would resize
            return maps.new_empty(0, *self.size)
        if maps.shape[1:] == self.size:
            return maps
        return resize(
            maps[None],
            self.size,
            mode='bilinear',
            align_corners=self.align_corners,
            warning=False,
        )[0]
