import torch
from mmengine.registry import MODELS


def test_stride_width_and_depth():
    backbone = MODELS.build(
        dict(
            type='SmallResNet',
            stem_channels=8,
            base_channels=8,
            num_stages=3,
            strides=(2, 2, 1),
            dilations=(1, 1, 1),
            out_indices=(1, 2),
        )
    )
    aux, main = backbone(torch.rand(2, 3, 96, 80))
    assert aux.shape == (2, 16, 12, 10)
    assert main.shape == (2, 32, 12, 10)
    assert [len(getattr(backbone, n)) for n in backbone.res_layers] == [1] * 3
    main.sum().backward()
    assert backbone.conv1.weight.grad.abs().sum() > 0
