"""Which pictures are predicted in tiles, and in which."""

from dataclasses import dataclass

# Inputs of the network that are larger than this are predicted in tiles
MOST_PIXELS = 2**21
USUAL_TILE = 512


@dataclass(frozen=True)
class Tiling:
    """Which pictures are predicted in tiles, and in which.

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
        """Return the tiling for a network.

        Args:
            grid (int): Of what number sides are multiples.
            tile_size (int, optional): Side of the tiles. By default only large
                pictures are predicted in tiles, of about 512 pixels.
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
        """Return True if a picture is predicted in tiles.

        Args:
            size (tuple[int, int]): (height, width) of the network's input.
        """
        return self.always or size[0] * size[1] > MOST_PIXELS
