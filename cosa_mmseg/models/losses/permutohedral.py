"""High-dimensional Gaussian filter on the permutohedral lattice.

The algorithm of Adams, Baek and Davis, "Fast High-Dimensional Filtering
Using the Permutohedral Lattice" (2010), in tensor operations alone.

Three facts make it short:

* A lattice point is an integer vector ``a`` of length d+1, where ``a`` and
  ``a + (1, ..., 1)`` are the same point.  A *linear* integer code
  ``sum_i a_i * stride_i`` with ``sum_i stride_i = 0`` therefore names it, and
  its neighbours along axis i have the codes ``code +- stride_i``.
* The corners of the simplex around a position are found by rounding it, then
  stepping along the axes by descending remainder: in codes, a running sum.
* Splatting, blurring and slicing are each "for every row, a weighted sum of
  some rows", which is ``embedding_bag``: threaded, deterministic, and without
  a copy of the values for each pixel and corner.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


class PermutohedralLattice:
    """Lattice of a set of positions, built once, to filter many channels.

    ``filter`` approximates ``f_i = sum_j exp(-|x_i - x_j|^2 / 2) v_j``, the
    sum over all positions of the same image, j = i included, *not*
    normalised.  Values are splat with barycentric weights, blurred with
    (1/2, 1, 1/2) along the d+1 axes one after the other, sliced with the same
    weights and multiplied by ``1 / (1 + 2^-d)``.  Only lattice points that
    some position touches exist; the others count 0.  So the result is smaller
    than the Gaussian sum: about .555 times for images (``bilateral_filter``).

    All images share one table of points, but no point is in two images.
    Building waits for the host twice (range of the positions, number of
    points), filtering never.

    Args:
        features: positions (P, d), or (N, P, d) for N images that do not see
            each other, in units of the standard deviation of the Gaussian;
            float32 or float64.

    Raises:
        ValueError: if ``features`` has another number of dimensions, is not
            finite, or is spread so widely that its codes exceed 62 bits.
    """

    def __init__(self, features: Tensor) -> None:
        if features.ndim not in (2, 3):
            raise ValueError(
                'features must be (P, d) or (N, P, d), got shape '
                f'{tuple(features.shape)}'
            )
        self.shape = features.shape[:-1]
        features = features.detach()
        features = features[None] if features.ndim == 2 else features
        num_images, num_positions, self.dim = features.shape
        corner, remainder = _round(_elevate(features.flatten(0, 1)))
        strides = _strides(corner, num_images)
        image = torch.arange(num_images, device=features.device)
        origin = image.repeat_interleave(num_positions) * strides[-1]
        origin += (corner.long() * strides[:-1]).sum(1)
        codes, self.weight = _simplex(origin, remainder, strides[:-1])
        points = self._number_points(codes)
        self._link_points(points, strides[:-1])

    def _number_points(self, codes: Tensor) -> Tensor:
        """Tables for splat and slice from the codes (N*P, d+1) of corners.

        Returns:
            The distinct codes (M,), ascending: one for each lattice point.
        """
        ordered, perm = codes.flatten().sort(stable=True)
        is_first = torch.ones_like(ordered, dtype=torch.bool)
        torch.ne(ordered[1:], ordered[:-1], out=is_first[1:])
        start = is_first.nonzero().squeeze(1)
        # Corner -> number of its point.
        point = torch.empty_like(perm, dtype=torch.int32)
        point[perm] = is_first.cumsum(0, dtype=torch.int32) - 1
        self.point = point.view_as(codes)
        # Point -> positions that touch it.  The last, empty bag makes row M,
        # which stands for every missing point and is always 0.
        end = start.new_full((1,), perm.numel())
        self.bag_start = torch.cat([start, end]).int()
        self.bag_position = (perm // (self.dim + 1)).int()
        self.bag_weight = self.weight.flatten()[perm]
        return ordered[start]

    def _link_points(self, points: Tensor, strides: Tensor) -> None:
        """For each axis the rows (before, self, after) of the M + 1 rows."""
        self.num_points = missing = points.numel()
        rows = torch.arange(missing, dtype=torch.int32, device=points.device)
        self.links: list[Tensor] = []
        for stride in strides:
            wanted = points + stride
            after = torch.searchsorted(points, wanted)
            after.clamp_(max=missing - 1)
            after.masked_fill_(points[after] != wanted, missing)
            link = rows.new_full((missing + 1, 3), missing)
            # i is before j where j is after i.  Row M gets many "before",
            # which its own line then undoes.
            link[after, 0] = rows
            link[:-1, 1] = rows
            link[:-1, 2] = after.int()
            link[-1] = missing
            self.links.append(link)
        kernel = self.weight.new_tensor([0.5, 1.0, 0.5])
        self.kernel = kernel.repeat(missing + 1, 1)

    @torch.no_grad()
    def filter(self, values: Tensor) -> Tensor:
        """Filter each channel; no gradient is recorded.

        Args:
            values: (P, K) or (N, P, K), as the positions.

        Returns:
            Filtered values of the same shape, in the dtype of the positions.

        Raises:
            ValueError: if ``values`` does not belong to the positions.
        """
        if values.shape[:-1] != self.shape:
            raise ValueError(
                f'values must be {(*self.shape, "K")} as the positions of '
                f'the lattice, got shape {tuple(values.shape)}'
            )
        rows = values.to(self.weight).flatten(0, -2)  # (N*P, K)
        rows = F.embedding_bag(
            self.bag_position,
            rows,
            self.bag_start,
            mode='sum',
            per_sample_weights=self.bag_weight,
        )  # (M+1, K)
        for link in self.links:
            rows = _weighted_sum(rows, link, self.kernel)
        rows = _weighted_sum(rows, self.point, self.weight)  # (N*P, K)
        return rows.div_(1 + 2**-self.dim).view(values.shape)


def _weighted_sum(rows: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """``out_i = sum_k weight_ik * rows[index_ik]``, shape (I, K)."""
    return F.embedding_bag(index, rows, mode='sum', per_sample_weights=weight)


def _elevate(features: Tensor) -> Tensor:
    """Map positions (P, d) to the hyperplane sum = 0 of d+1 coordinates.

    The sums run from the last axis to the first, as in the reference: which
    of two touching simplices a position on their border gets hangs on it.
    """
    dim = features.shape[1]
    total = torch.zeros_like(features[:, 0])
    axes = []
    for i in range(dim, 0, -1):
        scale = math.sqrt(2 / 3) * (dim + 1) / math.sqrt(i * (i + 1))
        scaled = features[:, i - 1] * scale
        axes.append(total - i * scaled)
        total = total + scaled
    axes.append(total)
    return torch.stack(axes[::-1], 1)


def _round(elevated: Tensor) -> tuple[Tensor, Tensor]:
    """Nearest multiple of d+1 as an integral float, and what is left."""
    size = elevated.shape[1]
    corner = torch.round(elevated / size)
    return corner, elevated - corner * size


def _strides(corner: Tensor, num_images: int) -> Tensor:
    """Strides of the codes: d+1 axes (sum 0), then the image.

    The digits of a code are ``a_j - a_d``.  A simplex reaches one step beyond
    its rounded corner on either side, and one more value is left free, so
    that a step out of the occupied range never hits another point's code.
    """
    digits = corner[:, :-1] - corner[:, -1:]
    span = (digits.amax(0) - digits.amin(0)).tolist()
    if not math.prod(value + 4 for value in span) * num_images < 2**62:
        raise ValueError(
            'features must be finite and not spread over too many standard '
            f'deviations, got lattice ranges {span} for {num_images} '
            'image(s): check them for NaN and inf, or take larger sigmas'
        )
    strides = [1]
    for value in span:
        strides.append(strides[-1] * (int(value) + 4))
    strides.insert(-1, -sum(strides[:-1]))
    return torch.tensor(strides, device=corner.device)


def _simplex(
    origin: Tensor, remainder: Tensor, strides: Tensor
) -> tuple[Tensor, Tensor]:
    """Corners around each position.

    Args:
        origin: codes of the rounded positions (P,).
        remainder: offset of the positions from them (P, d+1).
        strides: code strides of the axes (d+1,).

    Returns:
        Codes (P, d+1) of the corners and their barycentric weights (P, d+1).
    """
    size = remainder.shape[1]
    # Equal remainders occur in practice (black padding); they are taken by
    # ascending axis, as in the reference.
    remainder, axis = torch.sort(
        remainder, dim=1, descending=True, stable=True
    )
    steps = torch.cat([origin[:, None], strides[axis[:, :-1]]], 1)
    # From the last corner on, the remaining step leads back to the first.
    turn = remainder[:, -1:] + size
    previous = torch.cat([turn, remainder[:, :-1]], 1)
    return steps.cumsum(1), (previous - remainder) / size


def bilateral_filter(
    values: Tensor, img: Tensor, sigma_rgb: float, sigma_xy: float
) -> Tensor:
    """Unnormalised bilateral filter of maps, guided by an image.

    ``f_i = sum_j exp(-|x_i-x_j|^2 / (2 sigma_xy^2)
    - |I_i-I_j|^2 / (2 sigma_rgb^2)) v_j`` on the permutohedral lattice in
    5-D, with its factor ``1 / (1 + 2^-5)``, as in the released code.

    The lattice's sum is about .555 of the exact one.  Measured at sigmas 15
    and 50 to 100: .53 to .58 on textured images and a photograph (correlation
    .993 to .998), .48 to .52 on small noise-free gradients (.976 to .995).
    This is *not* corrected, as published loss weights were chosen with it; to
    put an exact filter in its place, multiply that by .555.

    Args:
        values: maps (N, K, H, W).
        img: RGB images (N, 3, H, W) in 0..255, not necessarily integral.
        sigma_rgb: standard deviation of the colour term, in grey levels.
        sigma_xy: standard deviation of the position term, in pixels.

    Returns:
        Filtered maps (N, K, H, W), float32 or wider; no gradient is recorded.

    Raises:
        ValueError: if the shapes do not belong together, or the image is not
            finite, or a sigma is too small for it.
    """
    num_images, _, height, width = values.shape
    if img.shape != (num_images, 3, height, width):
        raise ValueError(
            f'img must be {(num_images, 3, height, width)} for values of '
            f'shape {tuple(values.shape)}, got shape {tuple(img.shape)}'
        )
    dtype = torch.promote_types(values.dtype, torch.float32)
    y, x = torch.meshgrid(
        torch.arange(height, device=values.device),
        torch.arange(width, device=values.device),
        indexing='ij',
    )
    position = torch.stack([x, y]).to(dtype) / sigma_xy
    position = position.expand(num_images, -1, -1, -1)
    features = torch.cat([position, img.to(dtype) / sigma_rgb], 1)
    lattice = PermutohedralLattice(features.flatten(2).mT)  # (N, H*W, 5)
    filtered = lattice.filter(values.flatten(2).mT)  # (N, H*W, K)
    return filtered.mT.unflatten(2, (height, width)).contiguous()
