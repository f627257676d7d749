"""Pixel-adaptive refinement (PAR) of probability maps."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.registry import MODELS
from torch import Tensor, nn

from ..ops.checks import check_range, check_shape


def _neighbours(x: Tensor, dilations: Sequence[int]) -> Tensor:
    """Return the 8 neighbours of each pixel, the border replicated.

    (N, C, H, W) -> (N, C, 8 * len(dilations), H, W), row by row.
    """
    size = x.shape[1], 9, *x.shape[-2:]
    around = [
        F.unfold(F.pad(x, (d,) * 4, mode='replicate'), 3, dilation=d)
        .unflatten(2, size[2:])
        .unflatten(1, size[:2])
        for d in dilations
    ]
    # without the middle of the 3 x 3
    return torch.cat(
        [part for nine in around for part in (nine[:, :, :4], nine[:, :, 5:])],
        dim=2,
    )


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
        weight = self._weights(img).unsqueeze(1)  # (N, 1, n, H, W)
        for _ in range(self.num_iters):
            maps = (weight * _neighbours(maps, self.dilations)).sum(dim=2)
        return maps

    def _weights(self, img: Tensor) -> Tensor:
        """Weight of each neighbour of each pixel, (N, n, H, W)."""
        values = _neighbours(img, self.dilations)  # (N, 3, n, H, W)
        spread = values.std(dim=2, keepdim=True) + 1e-8
        distance = (values - img.unsqueeze(2)) ** 2
        colour = -distance / (self.colour_scale * spread) ** 2
        corner = 2**0.5
        ring = [corner, 1, corner, 1, 1, corner, 1, corner]
        offsets = img.new_tensor([d * r for d in self.dilations for r in ring])
        far = offsets / (offsets.std() + 1e-8) / self.colour_scale
        position = (-(far**2)).softmax(dim=0)[None, :, None, None]
        colour = colour.mean(dim=1).softmax(dim=1)
        return colour + self.position_weight * position
