"""Base of thresholds that follow the confidences of past images."""

import logging

import torch
from mmengine.dist import all_gather
from mmengine.logging import print_log
from torch import Tensor, nn

from cosa_mmseg.structures import resize_maps
from cosa_mmseg.utils.dtype import promote_half
from cosa_mmseg.utils.host import on_host

from ..ops.checks import check_range, check_shape

# updates, on a GPU: how often the host waits to hear of misses
CHECK_EVERY = 100


def sample_confidence(
    cam: Tensor, valid_mask: Tensor, grid: tuple[int, int]
) -> Tensor:
    """Return the confidence ``v = max_c A`` at the points of a grid.

    The maps are resized before the maximum is taken (released code).

    Args:
        cam (Tensor): Normalised maps, restricted to the labels, (N, C, H, W).
        valid_mask (Tensor): True where real pixels are, (N, H, W).
        grid (tuple[int, int]): Rows and columns.

    Returns:
        Tensor: At least float32, (N, rows * columns); 0 where a point touches
        pixels that are not valid.

    Raises:
        ValueError: If the shapes do not fit.
    """
    num_images, height, width = valid_mask.shape
    check_shape([num_images, None, height, width], cam=cam)

    def sample(maps: Tensor) -> Tensor:
        # without channels: on the CPU their resize is far slower
        points = resize_maps(maps.flatten(0, 1)[:, None], grid)
        return points.view(len(cam), -1, grid[0] * grid[1])

    cam = promote_half(cam)
    valid = sample(valid_mask[:, None].to(cam))[:, 0] > 0.999
    return sample(cam).amax(dim=1).masked_fill(~valid, 0)


def is_confident(values: Tensor, min_value: float) -> Tensor:
    """Return which values are above a minimum; none if one is not finite.

    Args:
        values (Tensor): Any shape.
        min_value (float): Values up to it are left out.

    Returns:
        Tensor: bool, the same shape.
    """
    return (values > min_value) & values.isfinite().all()


class AdaptiveThreshold(nn.Module):
    r"""Threshold fitted to the confidences of the last images.

    ``xi <- decay * xi + (1 - decay) * xi*`` with ``xi*`` of ``fit``
    (released code).  The confidences of the last images wait in a ring
    buffer; those of all ranks enter it, so that ``xi`` is the same on each.
    Where nothing can be fitted ``xi`` stays, and a warning says so once: at
    once on a CPU; on a GPU, for which the host does not wait in an update, it
    is looked for at every hundredth.  ``misses`` counts these updates.

    Buffers, saved and resumed with the model: ``queue`` (images, points)
    starts as zeros, which no fit counts; ``pointer`` is its next row;
    ``xi`` is in float64, as a step may be smaller than float32 resolves.
    Not saved: ``misses``.

    Args:
        initial (float | tuple[float, ...]): First ``xi``, in (0, 1).
        num_images (int): Length of the queue.
        grid (tuple[int, int]): Rows and columns of the points at which the
            confidences of an image are taken, whatever the size of the crop:
            28 x 28 is 1/16 of 448.
        min_value (float): Confidences up to it are left out, in [0, 1).
        decay (float): In [0, 1].

    Raises:
        ValueError: If an argument is out of range.
    """

    queue: Tensor
    pointer: Tensor
    xi: Tensor
    misses: Tensor

    def __init__(
        self,
        initial: float | tuple[float, ...],
        num_images: int = 100,
        grid: tuple[int, int] = (28, 28),
        min_value: float = 0.05,
        decay: float = 0.99,
    ) -> None:
        super().__init__()
        xi = torch.tensor(initial, dtype=torch.float64)
        for value in xi.flatten().tolist():
            check_range('(0, 1)', initial=value)
        check_range('[1, inf)', num_images=num_images, grid=min(grid))
        check_range('[0, 1)', min_value=min_value)
        check_range('[0, 1]', decay=decay)
        self.num_images = num_images
        self.grid = (grid[0], grid[1])
        self.min_value = min_value
        self.decay = decay
        self._num_updates = 0  # when to look; it need not be resumed
        self._warned = False
        self.register_buffer(
            'queue', torch.zeros(num_images, grid[0] * grid[1])
        )
        self.register_buffer('pointer', torch.tensor(0))
        self.register_buffer('xi', xi)
        self.register_buffer('misses', torch.tensor(0), persistent=False)

    def forward(self) -> Tensor:
        """Return a copy of ``xi``: float32, the shape of ``initial``."""
        return self.xi.float()

    @torch.no_grad()
    def update(self, cam: Tensor, valid_mask: Tensor) -> None:
        """Take in a batch and move ``xi``.

        Args:
            cam (Tensor): Normalised maps, restricted to the image-level
                labels, (N, C, H, W); the same N on every rank.
            valid_mask (Tensor): True where real pixels are, (N, H, W).

        Raises:
            ValueError: If the shapes do not fit.
        """
        values = sample_confidence(cam, valid_mask, self.grid)
        self._enqueue(torch.cat(all_gather(values.contiguous())))
        target = self.fit(self.queue).to(self.xi)
        is_fitted = target.isfinite().all()
        moved = self.xi.lerp(target, 1 - self.decay)
        self.xi.copy_(torch.where(is_fitted, moved, self.xi))
        self.misses += ~is_fitted
        self._num_updates += 1
        self._warn_once()

    def fit(self, values: Tensor) -> Tensor:
        """Return the thresholds that confidences ask for.

        Args:
            values (Tensor): The queue, (images, points).

        Returns:
            Tensor: ``xi*``, of the shape of ``xi``; not finite where there is
            no telling.
        """
        raise NotImplementedError

    def _enqueue(self, values: Tensor) -> None:
        """Write images (N, points) over the oldest ones."""
        steps = torch.arange(len(values), device=self.pointer.device)
        rows = (self.pointer + steps) % self.num_images
        # of more images than there are rows the last ones stay
        last = slice(-self.num_images, None)
        self.queue[rows[last]] = values[last].to(self.queue)
        self.pointer.add_(len(values)).remainder_(self.num_images)

    def _warn_once(self) -> None:
        """Warn if an update missed, where reading it does not block."""
        may_ask = on_host(self.misses) or self._num_updates % CHECK_EVERY == 0
        if self._warned or not may_ask or self.misses == 0:
            return
        self._warned = True
        print_log(
            f'{type(self).__name__} did not move in {self.misses.item()} of '
            f'{self._num_updates} updates and is at {self.xi.tolist()}: no '
            'threshold can be fitted to the confidences of the last '
            f'{self.num_images} images (too few above {self.min_value}, a '
            'single mode, or values that are not finite); this is said once',
            logger='current',
            level=logging.WARNING,
        )
