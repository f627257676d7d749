import pytest

from cosa_mmseg.apis.tiles import Tiling


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
