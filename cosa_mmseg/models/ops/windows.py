"""Overlapping windows along one side of an image."""

import torch
from torch import Tensor


def window_starts(
    side: int, window: int, step: int, grid: int = 1
) -> list[int]:
    """Return where windows begin along one side of an image.

    All begin on a grid: windows on that of a network's features are sampled
    as the whole image would be.  The last one ends where the image does, or
    less than ``grid`` behind it, or is larger than the image.

    Args:
        side (int): Length of the side, pixels.
        window (int): Length of a window, a multiple of ``grid``.
        step (int): From one window to the next, a multiple of ``grid``.
        grid (int): Pixels from one possible start to the next.

    Returns:
        list[int]: Ascending, the first is 0.
    """
    if side <= window:
        return [0]
    last = -((window - side) // grid) * grid  # rounded up
    return [*range(0, last, step), last]


def window_weights(
    starts: list[int], window: int, overlap: int
) -> list[Tensor]:
    """Return what windows count along one side: 1 in sum at every pixel.

    Next to a neighbour, a window counts nothing on the outer quarter of the
    overlap, where the network saw too little around, and less and less on
    the half before it.  The weights are continuous, so there is no seam.

    Args:
        starts (list[int]): Of :func:`window_starts`.
        window (int): Length of a window.
        overlap (int): What neighbours share at least, at least 4.

    Returns:
        list[Tensor]: For each window (window,), in [0, 1].
    """
    margin = overlap // 4
    place = torch.arange(window) + 0.5
    ramps = []
    for index in range(len(starts)):
        inside = torch.full((window,), float('inf'))
        if index > 0:
            inside = torch.minimum(inside, place)
        if index < len(starts) - 1:
            inside = torch.minimum(inside, window - place)
        ramps.append(((inside - margin) / (overlap - 2 * margin)).clamp(0, 1))
    total = torch.zeros(starts[-1] + window)
    for start, ramp in zip(starts, ramps, strict=True):
        total[start : start + window] += ramp
    return [
        ramp / total[start : start + window]
        for start, ramp in zip(starts, ramps, strict=True)
    ]
