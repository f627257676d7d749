"""Weights with Flax's names, against timm's own loader of them."""

import numpy as np
import pytest
import torch

from cosa_mmseg.interop.weights_in import convert_weights
from cosa_mmseg.interop.weights_in.flax import flax_to_timm
from cosa_mmseg.utils.weights import WeightsError

from .vits import (
    DEPTH,
    HEADS,
    PATCH,
    WIDTH,
    config_of,
    timm_vit,
    vit,
)

ATTENTION = 'MultiHeadDotProductAttention'


def flax_vit(big_vision: bool = False) -> dict[str, np.ndarray]:
    """Random weights of a ViT as augreg or big_vision names them."""
    rng = np.random.default_rng(0)
    mlp, attention, norm = (0, 0, 1) if big_vision else (3, 1, 2)
    shapes = {
        'cls': (1, 1, WIDTH),
        'embedding/kernel': (PATCH, PATCH, 3, WIDTH),
        'embedding/bias': (WIDTH,),
        'pos_embedding'
        if big_vision
        else 'Transformer/posembed_input/pos_embedding': (1, 17, WIDTH),
        'Transformer/encoder_norm/scale': (WIDTH,),
        'Transformer/encoder_norm/bias': (WIDTH,),
        'pre_logits/kernel': (WIDTH, WIDTH),
        'pre_logits/bias': (WIDTH,),
        'head/kernel': (WIDTH, 1000),
        'head/bias': (1000,),
    }
    for i in range(DEPTH):
        block = f'Transformer/encoderblock_{i}/'
        heads = (HEADS, WIDTH // HEADS)
        for j in (0, norm):
            for kind in ('scale', 'bias'):
                shapes[f'{block}LayerNorm_{j}/{kind}'] = (WIDTH,)
        dense = f'{block}MlpBlock_{mlp}/Dense_'
        shapes[f'{dense}0/kernel'] = (WIDTH, 4 * WIDTH)
        shapes[f'{dense}0/bias'] = (4 * WIDTH,)
        shapes[f'{dense}1/kernel'] = (4 * WIDTH, WIDTH)
        shapes[f'{dense}1/bias'] = (WIDTH,)
        for part in ('query', 'key', 'value'):
            layer = f'{block}{ATTENTION}_{attention}/{part}'
            shapes[f'{layer}/kernel'] = (WIDTH, *heads)
            shapes[f'{layer}/bias'] = heads
        layer = f'{block}{ATTENTION}_{attention}/out'
        shapes[f'{layer}/kernel'] = (*heads, WIDTH)
        shapes[f'{layer}/bias'] = (WIDTH,)
    return {
        ('params/' if big_vision else '') + name: rng.normal(
            0, 0.2, shape
        ).astype(np.float32)
        for name, shape in shapes.items()
    }


@pytest.mark.parametrize('big_vision', [False, True])
def test_as_timm_loads_them(big_vision, tmp_path):
    model = timm_vit()
    arrays = flax_vit(big_vision)
    np.savez(tmp_path / 'flax.npz', **arrays)
    model.load_pretrained(str(tmp_path / 'flax.npz'))
    got = flax_to_timm({k: torch.from_numpy(v) for k, v in arrays.items()})
    expected = model.state_dict()
    extra = {'pre_logits.weight', 'pre_logits.bias'}
    assert got.keys() == expected.keys() | extra
    for name, value in expected.items():
        assert torch.equal(got[name], value), name


def test_a_file_of_them_is_converted(tmp_path):
    np.savez(tmp_path / 'flax.npz', **flax_vit())
    result = convert_weights(tmp_path / 'flax.npz', config_of(vit()))
    assert result.num_taken == len(result.state)
    assert set(result.left_out.values()) == {'ImageNet classifier'}


def test_a_hybrid_is_refused_by_name():
    arrays = {
        'Transformer/encoder_norm/scale': torch.zeros(1),
        'conv_root/kernel': torch.zeros(1),
    }
    with pytest.raises(WeightsError, match="'conv_root/kernel' is no param"):
        flax_to_timm(arrays)
