"""The output of a segmentor for a picture, at the picture's size."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from mmseg.models.utils import resize
from torch import Tensor, nn

from cosa_mmseg.models.ops.cam import normalize_cam
from cosa_mmseg.models.post_process.refine import refine_logits
from cosa_mmseg.utils.dtype import promote_half

# Values of maps at the picture's size that exist at a time; 128 MB
CHUNK = 2**25


@dataclass(frozen=True)
class Part:
    """Maps of a part of a picture, or of the whole.

    Attributes:
        maps (dict[str, Tensor]): ``seg_logits`` (K, h, w) and, if the network
            has CAMs, ``cam`` and ``cam_aux`` (C, h, w).
        top (int): Where the part begins in the picture, pixels.
        left (int): Likewise.
        rows (Tensor): What each row of the part counts, (height,).
        columns (Tensor): What each column counts, (width,).
    """

    maps: dict[str, Tensor]
    top: int
    left: int
    rows: Tensor
    columns: Tensor


@dataclass(frozen=True)
class RawPrediction:
    """Output of a segmentor for a picture, which grows a few maps at a time.

    At 6,000 x 4,000 pixels the logits of 21 classes are 2 GB; here, one class
    after the other is resized and only the best so far is kept.

    Attributes:
        parts (list[Part]): They cover the picture, and count 1 in sum.
        size (tuple[int, int]): (H, W) of the picture.
        align_corners (bool): How maps are resized.
        raw_cams (bool): Whether CAMs are as the network has them, and are
            normalised over the picture here.
        scores (Tensor, optional): Probabilities that the picture shows the
            foreground classes, (C,); None if the segmentor has none.
        refined (Tensor, optional): Probabilities (K, h, w) of the
            segmentation, in the place of ``seg_logits``.
    """

    parts: list[Part]
    size: tuple[int, int]
    align_corners: bool = False
    raw_cams: bool = False
    scores: Tensor | None = None
    refined: Tensor | None = None

    @property
    def num_classes(self) -> int:
        """int: K, with the background."""
        return len(self.parts[0].maps['seg_logits'])

    @property
    def has_cam(self) -> bool:
        """bool: Whether there are CAMs."""
        return 'cam' in self.parts[0].maps

    def label_map(self, kept: Tensor | None = None) -> Tensor:
        """Return the class of the highest logit at each pixel.

        Args:
            kept (Tensor, optional): Ids of the classes to choose from,
                ascending, int64; by default all.

        Returns:
            Tensor: Class ids, uint8 (H, W).
        """
        if kept is None:
            kept = torch.arange(self.num_classes)
        step = max(CHUNK // (self.size[0] * self.size[1]), 1)
        best = label = torch.empty(0)
        for ids in kept.split(step):
            value, index = self.resized('seg_logits', ids).max(dim=0)
            found = ids.to(index.device, torch.uint8)[index]
            if best.numel():
                better = value > best
                value = torch.where(better, value, best)
                found = torch.where(better, found, label)
            best, label = value, found
        return label

    def seg_logits(self) -> Tensor:
        """Return all logits, or log-probabilities, at once, (K, H, W)."""
        maps = self.resized('seg_logits', torch.arange(self.num_classes))
        if self.refined is None:
            return maps
        return maps.clamp(min=torch.finfo(maps.dtype).tiny).log()

    def refine(self, module: nn.Module, image: np.ndarray) -> 'RawPrediction':
        """Return the prediction with a refined segmentation.

        Args:
            module (nn.Module): See :func:`refine_logits`.
            image (np.ndarray): The picture, (H, W, 3), uint8, RGB.

        Returns:
            RawPrediction: Scores and CAMs are the same.
        """

        def logits_at(size: tuple[int, int]) -> Tensor:
            maps = (
                self._bilinear(self.resized('seg_logits', ids), size)
                for ids in torch.arange(self.num_classes).split(1)
            )
            return torch.cat([*maps])

        return replace(self, refined=refine_logits(module, logits_at, image))

    def cams(self, name: str = 'cam') -> Iterator[Tensor]:
        """Yield the CAMs, one class after the other.

        Args:
            name (str): ``'cam'`` or ``'cam_aux'``.

        Yields:
            Tensor: (H, W), in [0, 1].
        """
        for index in range(self.num_classes - 1):
            yield self.cam(index, name)

    def cam(self, index: int, name: str = 'cam') -> Tensor:
        """Return the CAM of a foreground class.

        Args:
            index (int): The class, from 0.
            name (str): ``'cam'`` or ``'cam_aux'``.

        Returns:
            Tensor: (H, W), in [0, 1].
        """
        cam = self.resized(name, torch.tensor([index]))
        return (normalize_cam(cam.relu()) if self.raw_cams else cam)[0]

    def resized(self, name: str, channels: Tensor) -> Tensor:
        """Return some channels of the maps, (n, H, W), at least float32."""
        if name == 'seg_logits' and self.refined is not None:
            chosen = self.refined[channels.to(self.refined.device)]
            return self._bilinear(chosen, self.size)
        if len(self.parts) == 1 and len(self.parts[0].rows) == self.size[0]:
            return self._resize(self.parts[0], name, channels)
        first = promote_half(self.parts[0].maps[name])
        canvas = first.new_zeros(len(channels), *self.size)
        for part in self.parts:
            piece = self._resize(part, name, channels)
            piece = piece * part.rows.to(piece)[:, None]
            piece = piece * part.columns.to(piece)
            below, right = part.top + len(part.rows), part.left
            target = canvas[
                :, part.top : below, right : right + len(part.columns)
            ]
            # tiles may reach beyond the picture
            target += piece[:, : target.shape[1], : target.shape[2]]
        return canvas

    def _resize(self, part: Part, name: str, channels: Tensor) -> Tensor:
        """Return channels of a part at its size in the picture."""
        maps = part.maps[name]
        maps = promote_half(maps[channels.to(maps.device)])
        return self._bilinear(maps, (len(part.rows), len(part.columns)))

    def _bilinear(self, maps: Tensor, size: tuple[int, int]) -> Tensor:
        """Resize maps, (n, h, w)."""
        return resize(
            maps[None],
            size=size,
            mode='bilinear',
            align_corners=self.align_corners,
            warning=False,
        )[0]
