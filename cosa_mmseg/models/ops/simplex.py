"""Positions in the permutohedral lattice; see ``permutohedral``."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

Bounds = Sequence[tuple[float, float]]  # least and largest value of each axis


def elevate(coords: Tensor) -> Tensor:
    """Map positions (d, P) to the hyperplane sum = 0: (d+1, P).

    The sums run from the last axis to the first, as in the reference: which
    of two touching simplices a position on their border gets hangs on it.
    """
    dim = len(coords)
    total = torch.zeros_like(coords[0])
    axes = []
    for i in range(dim, 0, -1):
        scale = math.sqrt(2 / 3) * (dim + 1) / math.sqrt(i * (i + 1))
        scaled = coords[i - 1] * scale
        axes.append(total - i * scaled)
        total = total + scaled
    axes.append(total)
    return torch.stack(axes[::-1])


@dataclass(frozen=True)
class LatticeCode:
    """Integer codes of lattice points, linear in their coordinates.

    Attributes:
        strides: what a step along each of the d+1 axes adds; of sum 0.
        offset: code of the origin in the first image.
        image_stride: from an image to the next one.
        num_codes: codes are in 0..num_codes-1.
    """

    strides: list[int]
    offset: int
    image_stride: int
    num_codes: int

    @classmethod
    def fit(cls, bounds: Bounds, num_images: int) -> 'LatticeCode':
        """Return the code of the points that positions within bounds touch.

        The digits of a code are ``a_j - a_d``.  Rounding moves one by up to 1,
        a simplex reaches one step beyond its rounded corner on either side,
        and one more value is left free, so that a step out of the range never
        hits another point's code.

        Raises:
            ValueError: if the bounds are not finite or the codes exceed 61
                bits.
        """
        ends = torch.tensor(bounds, dtype=torch.float64, device='cpu')
        unit = torch.eye(len(ends), dtype=torch.float64, device='cpu')
        unit = elevate(unit).T / (len(ends) + 1)  # (d, d+1)
        unit = unit[:, :-1] - unit[:, -1:]  # digits of each unit vector
        ends = ends.T[:, :, None] * unit  # of each axis: (2, d, d)
        first = (ends.amin(0).sum(0) - 1).floor().tolist()
        last = (ends.amax(0).sum(0) + 1).ceil().tolist()
        spans = [b - a + 4 for a, b in zip(first, last, strict=True)]
        if not math.prod(spans) * num_images < 2**61:
            raise ValueError(
                'features must be finite and not spread over too many '
                f'standard deviations, got lattice ranges {spans} for '
                f'{num_images} image(s): check them for NaN and inf, or take '
                'larger sigmas'
            )
        *strides, image_stride = accumulate(
            (int(span) for span in spans), lambda a, b: a * b, initial=1
        )
        offset = sum(
            int(1 - digit) * stride
            for digit, stride in zip(first, strides, strict=True)
        )
        strides.append(-sum(strides))
        return cls(strides, offset, image_stride, image_stride * num_images)

    @property
    def missing(self) -> int:
        """int: Code of no point; no step leads from it to one, or back."""
        return 2 * self.num_codes

    @property
    def dtype(self) -> torch.dtype:
        """torch.dtype: int32 where it holds ``missing`` and a step from it."""
        return torch.int32 if 3 * self.num_codes < 2**31 else torch.int64


def enclosing_simplex(
    elevated: Tensor, code: LatticeCode, num_images: int
) -> tuple[Tensor, Tensor]:
    """Return the corners of the simplex around each position.

    They are found by rounding it to a multiple of d+1, then stepping along
    the axes by descending remainder: in codes, a running sum.

    Args:
        elevated: positions (d+1, P), image after image.
        code: how lattice points are named.
        num_images: among which the P positions are divided evenly.

    Returns:
        Codes (d+1, P) of the corners and their barycentric weights (d+1, P).
    """
    size, num_positions = elevated.shape
    corner = torch.round(elevated / size)
    remainder = list(elevated - corner * size)
    origin = torch.arange(
        num_images, dtype=code.dtype, device=elevated.device
    ).repeat_interleave(num_positions // num_images)
    origin = origin * code.image_stride + code.offset
    steps = []
    for axis, stride in zip(corner.to(code.dtype), code.strides, strict=True):
        origin = origin + axis * stride
        steps.append(torch.full_like(origin, stride))
    _sort_descending(remainder, steps)
    corners = torch.stack(list(accumulate([origin, *steps[:-1]])))
    # From the last corner on, the remaining step leads back to the first.
    previous = torch.stack([remainder[-1] + size, *remainder[:-1]])
    return corners, (previous - torch.stack(remainder)) / size


def _sort_descending(keys: list[Tensor], values: list[Tensor]) -> None:
    """Sort keys across the list, in place, and values with them.

    Bubble sort, a few times as fast as ``torch.sort`` over so few entries.
    Equal keys occur in practice (black padding); they keep their order, as in
    the reference.
    """
    for end in range(len(keys) - 1, 0, -1):
        for i in range(end):
            left, right = keys[i], keys[i + 1]
            # where() is several times as slow where it can not be foreseen
            change = (values[i + 1] - values[i]) * (left < right)
            values[i] = values[i] + change
            values[i + 1] = values[i + 1] - change
            keys[i] = torch.maximum(left, right)
            keys[i + 1] = torch.minimum(left, right)
