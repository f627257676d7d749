import torch
from mmengine.registry import OPTIM_WRAPPERS
from torch import nn


def test_forward_is_bfloat16_and_the_rest_is_float32():
    layer = nn.Linear(4, 4)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    wrapper = OPTIM_WRAPPERS.build(
        dict(type='BFloat16OptimWrapper', optimizer=optimizer)
    )
    before = layer.weight.clone()
    with wrapper.optim_context(layer):
        out = layer(torch.ones(2, 4))
    assert out.dtype == torch.bfloat16
    wrapper.update_params(out.float().sum())
    assert layer.weight.dtype == torch.float32
    torch.testing.assert_close(before - layer.weight, torch.full((4, 4), 0.2))
    assert layer(torch.ones(2, 4)).dtype == torch.float32
