import pytest
import torch

from cosa_mmseg.model_converters import read_weights
from tests.golden import load_tensors

from .load import load_tool

CONFIG = """
import cosa_mmseg
default_scope = 'mmseg'
model = dict(
    network=dict(
        backbone=dict(
            type='mmpretrain.VisionTransformer',
            arch=dict(
                embed_dims=48,
                num_layers=4,
                num_heads=3,
                feedforward_channels=192,
            ),
            img_size=32,
            patch_size=8,
        )
    )
)
"""
PREFIX = 'vit_param_encoder.'


@pytest.fixture
def convert(tmp_path, monkeypatch):
    """Run the tool on `src`, for `CONFIG`, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'vit.py').write_text(CONFIG)
    state = {
        name.removeprefix(PREFIX): tensor
        for name, tensor in load_tensors('segmentation_head_and_vit').items()
        if name.startswith(PREFIX)
    }
    torch.save({**state, 'head.weight': torch.zeros(9, 48)}, 'timm.pth')
    tool = load_tool('model_converters/convert_weights')

    def convert(src, dst, *options):
        tool.main([src, dst, '--config', 'vit.py', *options])
        return read_weights(tmp_path / dst)['state_dict']

    return convert


def test_golden_weights_are_converted_and_reported(convert, capsys):
    state = convert('timm.pth', 'new/vit.pth')
    data = load_tensors('segmentation_head_and_vit')
    expected = data[f'{PREFIX}blocks.3.mlp.fc2.weight']
    assert torch.equal(state['layers.3.ffn.layers.1.weight'], expected)
    assert capsys.readouterr().out.splitlines() == [
        f"{len(state)} tensors of a ViT with timm's names taken for the "
        'backbone mmpretrain.VisionTransformer',
        '  left out: head.weight (ImageNet classifier)',
        "  use: model.network.backbone.init_cfg=dict(type='Pretrained', "
        'checkpoint=FILE)',
        'written to new/vit.pth',
    ]


def test_golden_weights_for_a_changed_config(convert, capsys):
    state = convert(
        'timm.pth',
        'vit.pth',
        '--cfg-options',
        'model.network.backbone.img_size=48',
    )
    assert state['pos_embed'].shape == (1, 37, 48)
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
            ['--cfg-options', 'model.network.backbone.arch.embed_dims=24'],
            r'cls_token is \(1, 1, 48\) in the weights and \(1, 1, 24\)',
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
