"""Logits at the size of the image, some rows at a time."""

import math
from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from cosa_mmseg.utils.dtype import promote_half
from cosa_mmseg.utils.host import on_host

CACHE_BYTES = 2**21  # of a block, for each CPU thread: what a core keeps near
DEVICE_BYTES = 2**28  # of a block on a GPU: bounds what is in memory at once


class UpsampledLogits:
    """Bilinear upsampling in blocks of rows, and its transpose.

    What a loss makes of logits at the size of the image, K numbers a pixel,
    it can make of a few rows after the other; the whole, which takes most of
    a loss's time and memory, then never exists.  Rows are those of
    ``interpolate(logits, size, mode='bilinear')``, to rounding.

    The transpose maps a gradient of the rows to one of the logits:
    :meth:`add_gradient` of each block, then :meth:`gradient`.

    Args:
        logits (Tensor): (N, K, h, w); half precision becomes float32. No
            gradient is recorded.
        size (Sequence[int]): H, W.
    """

    def __init__(self, logits: Tensor, size: Sequence[int]) -> None:
        logits = promote_half(logits.detach())
        self.shape = logits.shape
        self.size = size
        self.vertical = _weights(logits, logits.shape[2], size[0])
        self.horizontal = _weights(logits, logits.shape[3], size[1])
        # (N, K, h, W)
        self.wide = logits
        if self.horizontal is not None:
            self.wide = _matmul(logits, self.horizontal.T)
        self.wide_gradient: Tensor | None = None

    def blocks(self, multiple: int = 1) -> Iterator[slice]:
        """Divide the rows into blocks.

        Args:
            multiple (int): Blocks have a multiple of it as number of rows;
                what remains of H is left out.

        Yields:
            slice: Rows, as many at a time as a block may hold.
        """
        budget = DEVICE_BYTES
        if on_host(self.wide):
            budget = CACHE_BYTES * torch.get_num_threads()
        num_images, num_channels = self.wide.shape[:2]
        row = num_images * num_channels * self.size[1]
        row *= self.wide.element_size()
        step = max(budget // max(row * multiple, 1), 1) * multiple
        end = self.size[0] // multiple * multiple
        for start in range(0, end, step):
            yield slice(start, min(start + step, end))

    def rows(self, rows: slice) -> Tensor:
        """Return some rows of the logits.

        Args:
            rows (slice): With a start and a stop.

        Returns:
            Tensor: (N, K, r, W), at least float32.
        """
        if self.vertical is None:
            return self.wide[:, :, rows]
        near = self._near(rows)
        return _matmul(self.vertical[rows, near], self.wide[:, :, near])

    def add_gradient(self, rows: slice, gradient: Tensor) -> None:
        """Take in the gradient of some rows.

        Args:
            rows (slice): With a start and a stop.
            gradient (Tensor): (N, K, r, W).
        """
        if self.wide_gradient is None:
            self.wide_gradient = torch.zeros_like(
                self.wide, memory_format=torch.contiguous_format
            )
        if self.vertical is not None:
            near = self._near(rows)
            gradient = _matmul(self.vertical[rows, near].T, gradient)
            rows = near
        self.wide_gradient[:, :, rows] += gradient

    def gradient(self) -> Tensor:
        """Return the gradient of the logits from what was taken in.

        Returns:
            Tensor: (N, K, h, w), at least float32; 0 where nothing was.
        """
        if self.wide_gradient is None:
            return self.wide.new_zeros(self.shape)
        if self.horizontal is None:
            return self.wide_gradient
        return _matmul(self.wide_gradient, self.horizontal)

    def _near(self, rows: slice) -> slice:
        """Return the rows of the logits that rows of the whole depend on."""
        num_rows = self.wide.shape[2]
        scale = num_rows / self.size[0]
        first = math.floor((rows.start + 0.5) * scale - 0.5)
        last = math.floor((rows.stop - 0.5) * scale - 0.5) + 1
        return slice(max(first, 0), min(last + 1, num_rows))


def _weights(like: Tensor, num: int, size: int) -> Tensor | None:
    """Return linear interpolation as a matrix, (size, num), if any."""
    if num == size:
        return None
    unit = torch.eye(num, dtype=like.dtype, device=like.device)
    return F.interpolate(unit[None], size=size, mode='linear')[0].T


def _matmul(a: Tensor, b: Tensor) -> Tensor:
    """Return ``a @ b`` in their own precision, also under autocast."""
    with torch.autocast(a.device.type, enabled=False):
        return a @ b
