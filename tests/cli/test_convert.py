import pytest
import torch

from cosa_mmseg.utils.weights import read_weights
from tests.interop.weights_in.vits import (
    config_of,
    timm_vit,
    vit,
)

from .calls import cosa


@pytest.fixture(scope='module')
def state():
    """Weights with timm's names, an ImageNet classifier among them."""
    return timm_vit(num_classes=9).state_dict()


@pytest.fixture
def convert(tmp_path, monkeypatch, state):
    """Run the tool on `src`, for a small ViT, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    config_of(vit()).dump('vit.py')
    torch.save(state, 'timm.pth')

    def convert(src, dst, *options):
        cosa('convert', src, dst, '--config', 'vit.py', *options)
        return read_weights(tmp_path / dst)['state_dict']

    return convert


def test_weights_are_converted_and_reported(convert, state, capsys):
    converted = convert('timm.pth', 'new/vit.pth')
    assert torch.equal(
        converted['layers.2.ffn.layers.1.weight'],
        state['blocks.2.mlp.fc2.weight'],
    )
    assert capsys.readouterr().out.splitlines() == [
        f'{len(converted)} tensors of timm.pth taken for the backbone '
        'mmpretrain.VisionTransformer',
        '  left out: head.bias (ImageNet classifier)',
        '  left out: head.weight (ImageNet classifier)',
        "  use: model.network.backbone.init_cfg=dict(type='Pretrained', "
        'checkpoint=FILE)',
        'written to new/vit.pth',
    ]


def test_weights_for_a_changed_config(convert, capsys):
    state = convert(
        'timm.pth',
        'vit.pth',
        '--cfg-options',
        'model.network.backbone.img_size=48',
    )
    assert state['pos_embed'].shape == (1, 37, 24)
    assert '4x4 -> 6x6, bicubic' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('src', 'dst', 'options', 'message'),
    [
        ('none.pth', 'vit.pth', [], 'there is no file none.pth'),
        ('timm.pth', 'vit.bin', [], r'cannot write vit.bin'),
        ('vit.py', 'vit.pth', [], 'vit.py is no checkpoint of PyTorch'),
        (
            'timm.pth',
            'vit.pth',
            ['--cfg-options', 'model.network.backbone.arch.embed_dims=48'],
            r'cls_token is \(1, 1, 24\) in the weights and \(1, 1, 48\)',
        ),
        (
            'timm.pth',
            'vit.pth',
            ['--cfg-options', 'model.network.backbone.patchsize=14'],
            r'model\.network\.backbone.*patchsize.*did you mean patch_size',
        ),
    ],
)
def test_what_cannot_be_converted(
    convert, src, dst, options, message, tmp_path
):
    with pytest.raises(SystemExit, match=f'^error: .*{message}'):
        convert(src, dst, *options)
    assert not (tmp_path / dst).exists()


def test_what_is_read_is_not_written(convert, tmp_path):
    before = (tmp_path / 'timm.pth').read_bytes()
    with pytest.raises(SystemExit, match='both what is read and what is'):
        convert('timm.pth', './timm.pth')
    assert (tmp_path / 'timm.pth').read_bytes() == before
