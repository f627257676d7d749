"""Tiles of a large picture: where they lie and what each one counts."""

from dataclasses import dataclass

import torch
from torch import Tensor

# Pictures that the network would see larger than this, it sees in tiles
MOST_PIXELS = 2**21
USUAL_TILE = 512


@dataclass(frozen=True)
class Tiling:
    """Which pictures are seen in tiles, and in which.

    Attributes:
        side (int): Of a tile, pixels; a multiple of the network's strides.
        overlap (int): What neighbours share at least, pixels.
        always (bool): Whether all pictures are, not only those of more than
            2 million pixels.
    """

    side: int
    overlap: int
    always: bool

    @classmethod
    def of(
        cls, grid: int, tile_size: int | None, tile_overlap: int | None
    ) -> 'Tiling':
        """The tiling for a network.

        Args:
            grid (int): Of what number sides are multiples.
            tile_size (int, optional): Side of the tiles. By default only large
                pictures are seen in tiles, of about 512 pixels.
            tile_overlap (int, optional): By default a quarter of the side.

        Raises:
            ValueError: If there can be no such tiles.
        """
        side = tile_size
        if side is None:
            side = -(-USUAL_TILE // grid) * grid
        overlap = max(side // 4, 4) if tile_overlap is None else tile_overlap
        if side <= 0 or side % grid:
            raise ValueError(
                f'tile_size must be a multiple of {grid}, as the strides of '
                f'the network are, got {side}'
            )
        if not 4 <= overlap < side:
            raise ValueError(
                'tile_overlap must be at least 4 and less than tile_size, '
                f'{side}, got {overlap}'
            )
        return cls(side, overlap, tile_size is not None)

    def is_for(self, size: tuple[int, int]) -> bool:
        """Whether a picture is seen in tiles.

        Args:
            size (tuple[int, int]): (height, width) that the network would see.
        """
        return self.always or size[0] * size[1] > MOST_PIXELS


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
