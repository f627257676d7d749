"""Weights of Google's ViTs (augreg), ``.npz`` files with Flax's names."""

import re
from collections.abc import Iterable

import torch
from torch import Tensor

from cosa_mmseg.utils.weights import WeightsError

_PREFIXES = ('opt/target/', 'params/img/', 'params/')
_TOP = {
    'cls': 'cls_token',
    'Transformer/posembed_input/pos_embedding': 'pos_embed',
    'pos_embedding': 'pos_embed',
    'embedding': 'patch_embed.proj',
    'Transformer/encoder_norm': 'norm',
    'pre_logits': 'pre_logits',
    'head': 'head',
}
# augreg | big_vision
_BLOCK = {
    r'LayerNorm_0': 'norm1',
    r'LayerNorm_[12]': 'norm2',
    r'MlpBlock_[03]/Dense_0': 'mlp.fc1',
    r'MlpBlock_[03]/Dense_1': 'mlp.fc2',
    r'MultiHeadDotProductAttention_[01]/qkv': 'attn.qkv',
    r'MultiHeadDotProductAttention_[01]/out': 'attn.proj',
}
_KINDS = {'kernel': 'weight', 'scale': 'weight', 'bias': 'bias'}


def is_flax(names: Iterable[str]) -> bool:
    """Whether parameters with these names are a Flax ViT's."""
    return any('Transformer/encoder' in name for name in names)


def flax_to_timm(arrays: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename and turn the weights of a Flax ViT into timm's.

    Flax's kernels map from their first axes to their last: (in, out) of dense
    layers, (h, w, in, out) of convolutions, (in, heads, head width) of query,
    key and value, (heads, head width, out) of their projection.

    Args:
        arrays (dict[str, Tensor]): Such as
            ``Transformer/encoderblock_0/LayerNorm_0/scale``, maybe below
            ``opt/target/`` or ``params/``.

    Returns:
        dict[str, Tensor]: State dict of a timm ViT.

    Raises:
        WeightsError: If a name is not one of a plain ViT; it is named.
    """
    prefix = next(
        (p for p in _PREFIXES if any(n.startswith(p) for n in arrays)), ''
    )
    own = {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
    return {
        _timm_name(name): _timm_layout(name, array)
        for name, array in _join_attention(own).items()
    }


def _join_attention(arrays: dict[str, Tensor]) -> dict[str, Tensor]:
    """Query, key and value of each block as one layer ``qkv``."""
    joined: dict[str, Tensor] = {}
    for name, array in arrays.items():
        match = re.fullmatch(r'(.*Attention_\d/)(query|key|value)/(\w+)', name)
        if match is None:
            joined[name] = array
        elif match[2] == 'query':
            parts = [
                arrays[f'{match[1]}{part}/{match[3]}']
                for part in ('query', 'key', 'value')
            ]
            first = 1 if match[3] == 'kernel' else 0  # of (heads, head width)
            flat = [part.flatten(first) for part in parts]
            joined[f'{match[1]}qkv/{match[3]}'] = torch.cat(flat, dim=-1)
    return joined


def _timm_name(name: str) -> str:
    """Name of a Flax parameter in timm."""
    if name in _TOP:
        return _TOP[name]
    module, _, kind = name.rpartition('/')
    if kind in _KINDS:
        if module in _TOP:
            return f'{_TOP[module]}.{_KINDS[kind]}'
        block = re.fullmatch(r'Transformer/encoderblock_(\d+)/(.+)', module)
        for pattern, part in _BLOCK.items():
            if block and re.fullmatch(pattern, block[2]):
                return f'blocks.{block[1]}.{part}.{_KINDS[kind]}'
    raise WeightsError(
        f'{name!r} is no parameter of a plain Flax ViT ({", ".join(_TOP)}, '
        'Transformer/encoderblock_<i>): hybrids and others are not understood'
    )


def _timm_layout(name: str, array: Tensor) -> Tensor:
    """A Flax parameter with PyTorch's order of axes."""
    if not name.endswith('/kernel'):
        return array
    if name.endswith('/out/kernel'):  # (heads, head width, out)
        array = array.flatten(0, 1)
    if array.ndim == 4:  # (h, w, in, out) -> (out, in, h, w)
        return array.permute(3, 2, 0, 1).contiguous()
    return array.T.contiguous()
