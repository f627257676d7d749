import pytest
import torch
import torch.nn.functional as F

from cosa_mmseg.models.ops import upsampled_logits
from cosa_mmseg.models.ops.upsampled_logits import UpsampledLogits

SIZES = [(12, 16), (7, 30), (5, 6), (3, 4), (1, 1)]


@pytest.fixture(params=[1, 3000, 2**21])
def small_blocks(request, monkeypatch):
    monkeypatch.setattr(upsampled_logits, 'CACHE_BYTES', request.param)


@pytest.mark.usefixtures('small_blocks')
@pytest.mark.parametrize('size', SIZES)
def test_blocks_make_up_the_whole(size):
    logits = torch.randn(2, 3, 5, 6)
    whole = UpsampledLogits(logits, size)
    rows = torch.cat([whole.rows(rows) for rows in whole.blocks()], dim=2)
    expected = F.interpolate(logits, size, mode='bilinear')
    torch.testing.assert_close(rows, expected)


@pytest.mark.usefixtures('small_blocks')
@pytest.mark.parametrize('size', SIZES)
def test_gradient_is_that_of_interpolation(size):
    logits = torch.randn(2, 3, 5, 6, requires_grad=True)
    weight = torch.randn(2, 3, *size)
    whole = UpsampledLogits(logits, size)
    for rows in whole.blocks():
        whole.add_gradient(rows, weight[:, :, rows])
    F.interpolate(logits, size, mode='bilinear').backward(weight)
    torch.testing.assert_close(whole.gradient(), logits.grad)


def test_blocks_of_pairs_leave_an_odd_row_out(monkeypatch):
    monkeypatch.setattr(upsampled_logits, 'CACHE_BYTES', 500)
    blocks = list(UpsampledLogits(torch.randn(1, 2, 4, 4), (11, 8)).blocks(2))
    assert len(blocks) > 1
    assert (blocks[0].start, blocks[-1].stop) == (0, 10)
    assert all(block.start % 2 == block.stop % 2 == 0 for block in blocks)


def test_no_gradient_taken_in_is_zero():
    whole = UpsampledLogits(torch.randn(1, 2, 4, 5), (8, 8))
    assert torch.equal(whole.gradient(), torch.zeros(1, 2, 4, 5))


@pytest.mark.parametrize('size', [(4, 5), (8, 10)])
def test_half_precision_becomes_float32_also_under_autocast(size):
    logits = torch.randn(1, 2, 4, 5).bfloat16()
    with torch.autocast('cpu', torch.bfloat16):
        rows = UpsampledLogits(logits, size).rows(slice(0, 4))
    expected = UpsampledLogits(logits.float(), size).rows(slice(0, 4))
    assert rows.dtype == torch.float32
    torch.testing.assert_close(rows, expected)
