"""Fully connected conditional random field that sharpens a segmentation."""

from collections.abc import Callable

import numpy as np
import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from ..ops.checks import check_range
from ..ops.permutohedral import PermutohedralLattice, pixel_positions

MIN_PROB = 1e-5  # released code; keeps the logarithm finite


@MODELS.register_module()
class DenseCRF(nn.Module):
    r"""Mean-field inference of a dense CRF (Kraehenbuehl and Koltun, 2011).

    With p = softmax(logits) and Q = p at the start, each iteration is
    ``Q <- softmax(log p + w_s S Q + w_b B Q)``.  S and B are Gaussian filters
    over all pixels, S of the position, B of position and colour, normalised
    on both sides: ``D^-1/2 K D^-1/2`` with D the row sums of K.  They run on
    the permutohedral lattice.

    Source: released code, which uses the package pydensecrf; this gives its
    results (within 1e-5) without it.  Pixels are compared at the size that
    they are given at; logits that are summed over several views make a
    sharper p than their mean would.

    Args:
        smooth_sigma_xy: Standard deviation of S, in pixels.
        smooth_weight: w_s.
        bilateral_sigma_xy: Standard deviation of B's position, in pixels.
        bilateral_sigma_rgb: Standard deviation of B's colour, in grey levels.
        bilateral_weight: w_b.
        num_iters: Number of iterations.
        max_side: Longer side in pixels that a prediction is reduced to before
            it is refined, and enlarged from after; time and memory grow with
            the pixels, and a photograph of a phone has 12 million. By default
            it is refined at the picture's size.

    Raises:
        ValueError: If a standard deviation or ``max_side`` is not positive or
            there is no iteration.
    """

    def __init__(
        self,
        smooth_sigma_xy: float = 1.0,
        smooth_weight: float = 1.0,
        bilateral_sigma_xy: float = 121.0,
        bilateral_sigma_rgb: float = 5.0,
        bilateral_weight: float = 4.0,
        num_iters: int = 1,
        max_side: int | None = None,
    ) -> None:
        super().__init__()
        self.smooth_sigma_xy = smooth_sigma_xy
        self.smooth_weight = smooth_weight
        self.bilateral_sigma_xy = bilateral_sigma_xy
        self.bilateral_sigma_rgb = bilateral_sigma_rgb
        self.bilateral_weight = bilateral_weight
        self.num_iters = num_iters
        self.max_side = max_side
        check_range(
            '(0, inf)',
            smooth_sigma_xy=smooth_sigma_xy,
            bilateral_sigma_xy=bilateral_sigma_xy,
            bilateral_sigma_rgb=bilateral_sigma_rgb,
        )
        check_range('[1, inf)', num_iters=num_iters)
        if max_side is not None:
            check_range('[1, inf)', max_side=max_side)

    @torch.no_grad()
    def forward(
        self, seg_logits: Tensor, image: np.ndarray | Tensor
    ) -> Tensor:
        """Return probabilities that follow the image's edges.

        Args:
            seg_logits: Segmentation logits, (K, H, W), on any device.
            image: The image that they belong to, (H, W, 3) uint8, RGB.

        Returns:
            Tensor: Class probabilities, (K, H, W), float32 or wider.

        Raises:
            ValueError: If the image is of another size or kind.
        """
        size = seg_logits.shape[1:]
        image = torch.as_tensor(image, device=seg_logits.device)
        if image.shape != (*size, 3) or image.dtype != torch.uint8:
            raise ValueError(
                f'DenseCRF needs an image of shape {(*size, 3)} and type '
                f'uint8 for logits of shape {tuple(seg_logits.shape)}, got '
                f'{tuple(image.shape)} and {image.dtype}'
            )
        dtype = torch.promote_types(seg_logits.dtype, torch.float32)
        prob = seg_logits.to(dtype).flatten(1).T.softmax(1)  # (H*W, K)
        log_prob = prob.clamp(min=MIN_PROB).log()
        smooth, bilateral = self._filters(image.to(dtype))
        prob = log_prob.softmax(1)
        for _ in range(self.num_iters):
            message = self.smooth_weight * smooth(prob)
            message += self.bilateral_weight * bilateral(prob)
            prob = (log_prob + message).softmax(1)
        return prob.T.unflatten(1, size).contiguous()

    def _filters(self, image: Tensor) -> list[Callable[[Tensor], Tensor]]:
        """Return S and B for an image (H, W, 3)."""
        xy = pixel_positions(image[..., 0]).flatten(1).T  # (H*W, 2)
        rgb = image.flatten(0, 1)  # (H*W, 3)
        position = xy / self.bilateral_sigma_xy
        colour = rgb / self.bilateral_sigma_rgb
        return [
            _normalised_filter(xy / self.smooth_sigma_xy),
            _normalised_filter(torch.cat([position, colour], 1)),
        ]


def _normalised_filter(features: Tensor) -> Callable[[Tensor], Tensor]:
    """Return ``v -> D^-1/2 K D^-1/2 v`` for positions (P, d)."""
    lattice = PermutohedralLattice(features)
    row_sum = lattice.filter(features.new_ones(len(features), 1))  # (P, 1)
    scale = row_sum.rsqrt()
    return lambda values: scale * lattice.filter(scale * values)
