import pytest
import torch

from cosa_mmseg.apis.tiles import Tiling, tile_starts, tile_weights


@pytest.mark.parametrize(
    ('side', 'tile', 'overlap', 'grid', 'expected'),
    [
        (64, 64, 16, 8, [0]),
        (40, 64, 16, 8, [0]),  # smaller than a tile
        (112, 64, 16, 8, [0, 48]),  # fits
        (113, 64, 16, 8, [0, 48, 56]),  # one pixel more
        (150, 64, 15, 8, [0, 48, 88]),  # starts are on the grid
        (30, 14, 4, 14, [0, 14, 28]),  # a grid that leaves no overlap
    ],
)
def test_tiles_cover_a_side_from_the_grid(side, tile, overlap, grid, expected):
    starts = tile_starts(side, tile, overlap, grid)
    assert starts == expected
    assert all(start % grid == 0 for start in starts)
    assert 0 <= max(starts[-1] + tile - side, 0) < max(grid, tile - side + 1)


@pytest.mark.parametrize('side', [64, 113, 150, 400])
def test_weights_add_up_to_one_and_have_no_jump(side):
    tile, overlap = 64, 16
    starts = tile_starts(side, tile, overlap, 8)
    weights = tile_weights(starts, tile, overlap)
    total = torch.zeros(starts[-1] + tile)
    for start, weight in zip(starts, weights, strict=True):
        total[start : start + tile] += weight
        assert weight.diff().abs().max() <= 1 / 8 + 1e-6  # half the overlap
    torch.testing.assert_close(total, torch.ones_like(total))
    for before, after in zip(weights, weights[1:], strict=False):
        assert before[-4:].tolist() == after[:4].tolist() == [0] * 4
    assert weights[0][0] == weights[-1][-1] == 1  # no ramp at the edges


def test_sides_and_overlaps_by_default():
    assert Tiling.of(14, None, None) == Tiling(518, 129, always=False)
    assert Tiling.of(8, 64, None) == Tiling(64, 16, always=True)
    assert Tiling.of(4, 8, None) == Tiling(8, 4, always=True)  # not 2
    assert Tiling.of(32, None, 7) == Tiling(512, 7, always=False)


@pytest.mark.parametrize('tile_size', [0, -8, 12])
def test_a_side_that_cannot_be_is_said(tile_size):
    with pytest.raises(ValueError, match=f'multiple of 8, .* got {tile_size}'):
        Tiling.of(8, tile_size, None)


@pytest.mark.parametrize('overlap', [3, 16, 17])
def test_an_overlap_that_cannot_be_is_said(overlap):
    sentence = f'at least 4 and less than tile_size, 16, got {overlap}$'
    with pytest.raises(ValueError, match=sentence):
        Tiling.of(8, 16, overlap)


def test_only_large_pictures_are_seen_in_tiles():
    usual = Tiling(512, 128, always=False)
    assert not usual.is_for((1024, 2048))
    assert usual.is_for((1024, 2049))
    assert Tiling(512, 128, always=True).is_for((1, 1))
