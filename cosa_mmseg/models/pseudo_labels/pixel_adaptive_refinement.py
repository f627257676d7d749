"""Pixel-adaptive refinement (PAR) of probability maps."""

import math
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.registry import MODELS
from torch import Tensor, nn

from ..ops.checks import check_range, check_shape

_OFFSETS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if x or y]


def _neighbours(x: Tensor, dilations: Sequence[int]) -> Iterator[Tensor]:
    """Yield the 8 neighbours of each pixel, the border replicated.

    Each is a view, (N, C, H, W); row by row, 8 for each dilation.
    """
    height, width = x.shape[-2:]
    far = max(dilations)
    padded = F.pad(x, (far,) * 4, mode='replicate')
    for d in dilations:
        for dy, dx in _OFFSETS:
            rows = padded.narrow(-2, far + dy * d, height)
            yield rows.narrow(-1, far + dx * d, width)


@MODELS.register_module()
class PixelAdaptiveRefinement(nn.Module):
    r"""Spread probabilities among neighbours of similar colour (PAR).

    ``m <- sum_n w_n m(neighbour n)``, repeated; the neighbours are the 8 at
    each dilation.  ``w = softmax_n(mean_rgb(-(|I_n - I| / (s + 1e-8) /
    .3)^2)) + .01 * softmax_n(-(|x_n - x| / (s_x + 1e-8) / .3)^2)``, with
    ``s`` the sample standard deviation of the n neighbour values of the pixel
    and channel.  The weights sum to 1.01; nothing is normalised afterwards.
    Source: released code; the method is that of Ru et al., CVPR 2022.

    Args:
        num_iters (int): Number of repetitions.
        dilations (Sequence[int]): Distances of the neighbours, in pixels.

    Raises:
        ValueError: If ``num_iters`` or a dilation is below 1.
    """

    colour_scale = 0.3
    position_weight = 0.01

    def __init__(
        self,
        num_iters: int = 10,
        dilations: Sequence[int] = (1, 2, 4, 8, 12, 24),
    ) -> None:
        super().__init__()
        check_range('[1, inf)', num_iters=num_iters)
        check_range('[1, inf)', dilations=min(dilations, default=0))
        self.num_iters = num_iters
        self.dilations = tuple(dilations)

    def forward(self, maps: Tensor, img: Tensor) -> Tensor:
        """Refine a batch of maps.

        Args:
            maps (Tensor): Probability maps, (N, K, h, w); resized to the
                image with aligned corners where the sizes differ.
            img (Tensor): RGB images in [0, 1], (N, 3, H, W).

        Returns:
            Tensor: Refined maps, (N, K, H, W).

        Raises:
            ValueError: If the batch sizes differ.
        """
        check_shape([len(img), None, None, None], maps=maps)
        maps = F.interpolate(
            maps, size=img.shape[-2:], mode='bilinear', align_corners=True
        )
        # one neighbour after the other: all at once do not fit into a cache
        weights = self._weights(img).transpose(0, 1).unsqueeze(2).contiguous()
        for _ in range(self.num_iters):
            total = torch.zeros_like(maps)
            pairs = zip(
                weights, _neighbours(maps, self.dilations), strict=True
            )
            for weight, neighbour in pairs:  # (N, 1, H, W), (N, K, H, W)
                total = total.addcmul_(weight, neighbour)
            maps = total
        return maps

    def _weights(self, img: Tensor) -> Tensor:
        """Weight of each neighbour of each pixel, (N, n, H, W)."""
        views = [*_neighbours(img, self.dilations)]
        zero = torch.zeros_like(img)
        mean = sum(views, start=zero) / len(views)
        squares = sum(((view - mean) ** 2 for view in views), start=zero)
        spread = (squares / (len(views) - 1)).sqrt() + 1e-8
        scale = (self.colour_scale * spread) ** 2
        colour = torch.stack(
            [-((view - img) ** 2 / scale).mean(dim=1) for view in views], dim=1
        )
        ring = [math.hypot(dy, dx) for dy, dx in _OFFSETS]
        offsets = img.new_tensor([d * r for d in self.dilations for r in ring])
        far = offsets / (offsets.std() + 1e-8) / self.colour_scale
        position = (-(far**2)).softmax(dim=0)[None, :, None, None]
        return colour.softmax(dim=1) + self.position_weight * position
