"""High-dimensional Gaussian filter on the permutohedral lattice.

The algorithm of Adams, Baek and Davis, "Fast High-Dimensional Filtering
Using the Permutohedral Lattice" (2010), in tensor operations alone.

Two facts make it short:

* A lattice point is an integer vector ``a`` of length d+1, where ``a`` and
  ``a + (1, ..., 1)`` are the same point.  A *linear* integer code
  ``sum_i a_i * stride_i`` with ``sum_i stride_i = 0`` therefore names it, and
  its neighbours along axis i have the codes ``code +- stride_i``.
* Splatting, blurring and slicing are each "for every row, a weighted sum of
  some rows", which is ``embedding_bag``: threaded, deterministic, and without
  a copy of the values for each pixel and corner.
"""

import logging
from functools import cache

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor

from cosa_mmseg.utils.host import on_host

from .checks import check_shape
from .simplex import Bounds, LatticeCode, elevate, enclosing_simplex

# Of a table of values at the lattice points.  On a CPU memory of more than
# 32 MB comes from the system anew each time, page by page.
HOST_BYTES = 2**25
DEVICE_BYTES = 2**29
MIN_CHANNELS = 8  # fewer are not worth their indices


class PermutohedralLattice:
    """Lattice of a set of positions, built once, to filter many channels.

    ``filter`` approximates ``f_i = sum_j exp(-|x_i - x_j|^2 / 2) v_j``, the
    sum over all positions of the same image, j = i included, *not*
    normalised.  Values are splat with barycentric weights, blurred with
    (1/2, 1, 1/2) along the d+1 axes one after the other, sliced with the same
    weights and multiplied by ``1 / (1 + 2^-d)``.  Only lattice points that
    some position touches exist; the others count 0.  So the result is smaller
    than the Gaussian sum: about .555 times for images (``bilateral_filter``).

    All images share one table of points, but no point is in two images.  On
    a CPU the table has a row for each point; a GPU, which would have to tell
    the host their number, gets as many rows as there could be.

    Args:
        features: positions (P, d), or (N, P, d) for N images that do not see
            each other, in units of the standard deviation of the Gaussian;
            float32 or float64.
        bounds: (least, largest) value of each of the d coordinates, which all
            positions must keep; None: found in them, for which the host waits
            if they are on a GPU.

    Raises:
        ValueError: if ``features`` has another number of dimensions, or its
            bounds are not finite or so wide that codes exceed 61 bits.
    """

    def __init__(self, features: Tensor, bounds: Bounds | None = None) -> None:
        if features.ndim not in (2, 3):
            raise ValueError(
                'features must be (P, d) or (N, P, d), got shape '
                f'{tuple(features.shape)}'
            )
        self.shape = features.shape[:-1]
        features = features.detach()
        features = features[None] if features.ndim == 2 else features
        num_images, _, self.dim = features.shape
        coords = features.movedim(-1, 0).flatten(1)  # (d, N*P)
        if bounds is None:
            bounds = torch.stack([coords.amin(1), coords.amax(1)], 1).tolist()
        code = LatticeCode.fit(bounds, num_images)
        corners, weight = enclosing_simplex(elevate(coords), code, num_images)
        points = self._number_points(corners, weight, code)
        self._link_points(points, code.strides)

    def _number_points(
        self, corners: Tensor, weight: Tensor, code: LatticeCode
    ) -> Tensor:
        """Tables for splat and slice from corners and weights (d+1, N*P).

        Returns:
            The distinct codes, ascending, one for each of M lattice points;
            then that of no point, (M + 1,).
        """
        ordered, perm = corners.flatten().sort(stable=True)
        is_first = torch.ones_like(ordered, dtype=torch.bool)
        torch.ne(ordered[1:], ordered[:-1], out=is_first[1:])
        number = is_first.cumsum(0).sub_(1)
        total = perm.numel()
        self.num_points = min(total, code.num_codes)
        if on_host(number):
            self.num_points = int(number[-1]) + 1
        # Corner -> number of its point, (N*P, d+1).
        point = torch.empty_like(perm, dtype=torch.int32)
        point.scatter_(0, perm, number.int())
        self.point = point.view_as(corners).T.contiguous()
        self.weight = weight.T.contiguous()
        # Point -> positions that touch it.  The last, empty bag makes row M,
        # which stands for every missing point and is always 0.
        places = torch.arange(total, device=perm.device)
        start = number.new_full((self.num_points + 1,), total)
        start.scatter_reduce_(0, number, places, 'amin')
        position = torch.arange(
            corners.shape[1], dtype=torch.int32, device=perm.device
        ).repeat(len(corners))
        self.bag_start = start.int()
        self.bag_position = position.index_select(0, perm)
        self.bag_weight = weight.flatten().index_select(0, perm)
        missing = ordered.new_full((1,), code.missing)
        return torch.cat([ordered, missing]).index_select(0, start)

    def _link_points(self, points: Tensor, strides: list[int]) -> None:
        """For each axis the rows (before, self, after) of the M + 1 rows."""
        missing = self.num_points
        rows = torch.arange(missing, dtype=torch.int32, device=points.device)
        self.links: list[Tensor] = []
        for stride in strides:
            wanted = points[:-1] + stride
            after = torch.searchsorted(points, wanted).clamp_(max=missing)
            found = points.index_select(0, after) == wanted
            after.masked_fill_(~found, missing)
            link = rows.new_full((missing + 1, 3), missing)
            # i is before j where j is after i.  Row M gets many "before",
            # which its own line then undoes.
            link[:, 0].scatter_(0, after, rows)
            link[:-1, 1] = rows
            link[:-1, 2] = after
            link[-1] = missing
            self.links.append(link)
        kernel = self.weight.new_full((missing + 1, 3), 0.5)
        kernel[:, 1] = 1
        self.kernel = kernel

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
        check_shape([*self.shape, None], values=values)
        rows = values.to(self.weight).flatten(0, -2)  # (N*P, K)
        blocks = rows.split(self._num_at_once(rows), dim=1)
        filtered = [self._filter(block.contiguous()) for block in blocks]
        rows = filtered[0] if len(blocks) == 1 else torch.cat(filtered, 1)
        return rows.view(values.shape)

    def _num_at_once(self, rows: Tensor) -> int:
        """Channels to filter together: as many as a table may hold."""
        budget = HOST_BYTES if on_host(rows) else DEVICE_BYTES
        size = rows.element_size() * (self.num_points + 1)
        return max(budget // size, MIN_CHANNELS)

    def _filter(self, rows: Tensor) -> Tensor:
        """Splat, blur and slice (N*P, k)."""
        rows = F.embedding_bag(
            self.bag_position,
            rows,
            self.bag_start,
            mode='sum',
            per_sample_weights=self.bag_weight,
        )  # (M+1, k)
        for link in self.links:
            rows = _weighted_sum(rows, link, self.kernel)
        rows = _weighted_sum(rows, self.point, self.weight)  # (N*P, k)
        return rows.div_(1 + 2**-self.dim)


def _weighted_sum(rows: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """``out_i = sum_k weight_ik * rows[index_ik]``, shape (I, K)."""
    return F.embedding_bag(index, rows, mode='sum', per_sample_weights=weight)


@cache
def _say_clamped() -> None:
    """Warn, once in a process."""
    print_log(
        'bilateral_filter: colours outside 0..255 are clamped to that range, '
        'so that differences beyond it do not count; mean and std of the data '
        'preprocessor must be those that the image was normalised with (this '
        'is said once)',
        logger='current',
        level=logging.WARNING,
    )


def pixel_positions(img: Tensor) -> Tensor:
    """Return x and y of the pixels of images (..., H, W): (2, H, W)."""
    height, width = img.shape[-2:]
    y = torch.arange(height, device=img.device, dtype=img.dtype)
    x = torch.arange(width, device=img.device, dtype=img.dtype)
    return torch.stack(torch.meshgrid(x, y, indexing='xy'))


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
        img: RGB images (N, 3, H, W) in 0..255, not necessarily integral;
            clamped to that range, so that a GPU need not be asked for it; on
            a CPU the first values outside are a warning.
        sigma_rgb: standard deviation of the colour term, in grey levels.
        sigma_xy: standard deviation of the position term, in pixels.

    Returns:
        Filtered maps (N, K, H, W) in channels-last memory, float32 or wider;
        no gradient is recorded.  They are not finite where the image is NaN.

    Raises:
        ValueError: if the shapes do not belong together, or a sigma is too
            small.
    """
    num_images, _, height, width = values.shape
    check_shape([num_images, 3, height, width], img=img)
    dtype = torch.promote_types(values.dtype, torch.float32)
    color = img.to(dtype).clamp(0, 255)
    position = pixel_positions(color) / sigma_xy
    position = position.expand(num_images, -1, -1, -1)
    # float error of images that were normalised and brought back is no fault
    if on_host(img) and ((color - img).abs() > 1).any():
        _say_clamped()
    color = color / sigma_rgb
    features = torch.cat([position, color], 1)  # (N, 5, H, W)
    ends = [width / sigma_xy, height / sigma_xy] + [255 / sigma_rgb] * 3
    lattice = PermutohedralLattice(
        features.flatten(2).mT, [(0.0, end) for end in ends]
    )
    filtered = lattice.filter(values.flatten(2).mT)  # (N, H*W, K)
    return filtered.mT.unflatten(2, (height, width))
