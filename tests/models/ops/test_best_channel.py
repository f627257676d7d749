import pytest
import torch

from cosa_mmseg.models.ops.best_channel import best_channel


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('num_maps', [1, 2, 21, 300])
def test_is_the_maximum_of_torch(num_maps, dtype):
    generator = torch.Generator().manual_seed(num_maps)
    maps = torch.rand(num_maps, 13, 17, generator=generator, dtype=dtype)
    maps = (20 * maps).round() / 20  # several are the highest
    maps[torch.rand(maps.shape, generator=generator) < 0.05] = float('nan')
    maps[-1, 0], maps[0, 1], maps[:, 2] = float('inf'), -float('inf'), 0
    for layout in (maps, maps.permute(2, 1, 0).contiguous().permute(2, 1, 0)):
        value, index = best_channel(layout)
        expected = maps.max(0)
        torch.testing.assert_close(
            value, expected.values, rtol=0, atol=0, equal_nan=True
        )
        assert torch.equal(index, expected.indices)
        assert torch.equal(index, maps.argmax(0))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_that_of_torch(dtype):
    # logits of a plain mmseg model, where a test computes in it
    maps = torch.randn(5, 13, 17).to(dtype)
    value, index = best_channel(maps)
    assert value.dtype == dtype
    assert torch.equal(value, maps.max(0).values)
    assert torch.equal(index, maps.max(0).indices)
