"""Tiles of a large picture: where they lie and what each one counts."""

import torch
from torch import Tensor


def tile_starts(side: int, tile: int, overlap: int, grid: int) -> list[int]:
    """Where tiles begin along one side of a picture.

    All begin on a grid, that of the network's features, so that a tile is
    sampled as the whole picture would be.  The last one may reach beyond the
    picture, by less than ``grid``, or if the picture is smaller than a tile.

    Args:
        side (int): Length of the side, pixels.
        tile (int): Length of a tile, a multiple of ``grid``.
        overlap (int): What neighbours share at least, below ``tile``.
        grid (int): Pixels from one possible start to the next.

    Returns:
        list[int]: Ascending, the first is 0.
    """
    if side <= tile:
        return [0]
    step = max((tile - overlap) // grid, 1) * grid
    last = -((tile - side) // grid) * grid  # rounded up
    return [*range(0, last, step), last]


def tile_weights(starts: list[int], tile: int, overlap: int) -> list[Tensor]:
    """What tiles count along one side: 1 in sum at every pixel.

    Next to a neighbour, a tile counts nothing on the outer quarter of the
    overlap, where the network saw too little around, and less and less on
    the half before it.  The weights are continuous, so there is no seam.

    Args:
        starts (list[int]): See :func:`tile_starts`.
        tile (int): Length of a tile.
        overlap (int): What neighbours share at least, at least 4.

    Returns:
        list[Tensor]: For each tile (tile,), in [0, 1].
    """
    margin = overlap // 4
    place = torch.arange(tile) + 0.5
    ramps = []
    for index in range(len(starts)):
        inside = torch.full((tile,), float('inf'))
        if index > 0:
            inside = torch.minimum(inside, place)
        if index < len(starts) - 1:
            inside = torch.minimum(inside, tile - place)
        ramps.append(((inside - margin) / (overlap - 2 * margin)).clamp(0, 1))
    total = torch.zeros(starts[-1] + tile)
    for start, ramp in zip(starts, ramps, strict=True):
        total[start : start + tile] += ramp
    return [
        ramp / total[start : start + tile]
        for start, ramp in zip(starts, ramps, strict=True)
    ]
