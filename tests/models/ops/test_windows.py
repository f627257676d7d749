import pytest
import torch

from cosa_mmseg.models.ops.windows import window_starts, window_weights


@pytest.mark.parametrize(
    ('side', 'window', 'step', 'grid', 'expected'),
    [
        (64, 64, 48, 8, [0]),
        (40, 64, 48, 8, [0]),  # smaller than a window
        (112, 64, 48, 8, [0, 48]),  # fits
        (113, 64, 48, 8, [0, 48, 56]),  # one pixel more
        (150, 64, 48, 8, [0, 48, 88]),  # starts are on the grid
        (30, 14, 14, 14, [0, 14, 28]),  # a grid that leaves no overlap
        (113, 64, 48, 1, [0, 48, 49]),  # the last ends where the side does
    ],
)
def test_windows_cover_a_side_on_the_grid(side, window, step, grid, expected):
    starts = window_starts(side, window, step, grid)
    assert starts == expected
    assert all(start % grid == 0 for start in starts)
    assert (
        0 <= max(starts[-1] + window - side, 0) < max(grid, window - side + 1)
    )


@pytest.mark.parametrize('side', [64, 113, 150, 400])
def test_weights_add_up_to_one_and_have_no_jump(side):
    window, overlap = 64, 16
    starts = window_starts(side, window, window - overlap, 8)
    weights = window_weights(starts, window, overlap)
    total = torch.zeros(starts[-1] + window)
    for start, weight in zip(starts, weights, strict=True):
        total[start : start + window] += weight
        assert weight.diff().abs().max() <= 1 / 8 + 1e-6  # half the overlap
    torch.testing.assert_close(total, torch.ones_like(total))
    for before, after in zip(weights, weights[1:], strict=False):
        assert before[-4:].tolist() == after[:4].tolist() == [0] * 4
    assert weights[0][0] == weights[-1][-1] == 1  # no ramp at the edges
