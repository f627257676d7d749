"""Weights of Google's ViTs (augreg), ``.npz`` files with Flax's names."""

import re

import torch
from torch import Tensor

from cosa_mmseg.utils.weights import WeightsError

_PREFIXES = ('opt/target/', 'params/img/', 'params/')
# timm's names; numbers are those of augreg | big_vision
_RULES = {
    r'^cls$': 'cls_token',
    r'^(Transformer/posembed_input/)?pos_embedding$': 'pos_embed',
    r'^embedding/': 'patch_embed.proj.',
    r'^Transformer/encoder_norm/': 'norm.',
    r'^(head|pre_logits)/': r'\1.',
    r'^Transformer/encoderblock_(\d+)/': r'blocks.\1.',
    r'\.LayerNorm_0/': '.norm1.',
    r'\.LayerNorm_[12]/': '.norm2.',
    r'\.MlpBlock_[03]/Dense_0/': '.mlp.fc1.',
    r'\.MlpBlock_[03]/Dense_1/': '.mlp.fc2.',
    r'\.MultiHeadDotProductAttention_[01]/qkv/': '.attn.qkv.',
    r'\.MultiHeadDotProductAttention_[01]/out/': '.attn.proj.',
    r'\.(kernel|scale)$': '.weight',
}


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
        name.removeprefix(prefix): _turned(name, array)
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
    for query in [name for name in own if '/query/' in name]:
        names = [
            query.replace('query', part) for part in ('query', 'key', 'value')
        ]
        joined = [own.pop(name) for name in names if name in own]
        own[query.replace('query', 'qkv')] = torch.cat(joined)
    return {_timm_name(name): array for name, array in own.items()}


def _timm_name(name: str) -> str:
    """Return timm's name of a Flax parameter."""
    renamed = name
    for pattern, timm in _RULES.items():
        renamed = re.sub(pattern, timm, renamed)
    if '/' in renamed:
        raise WeightsError(
            f'{name!r} is no parameter of a plain Flax ViT (cls, '
            'pos_embedding, embedding, Transformer/encoderblock_<i>, ...): '
            'hybrids and others are not understood'
        )
    return renamed


def _turned(name: str, array: Tensor) -> Tensor:
    """Return a Flax parameter with PyTorch's order of axes."""
    is_kernel = name.endswith('/kernel')
    if re.search(r'/(query|key|value)/\w+$', name):  # one axis for the heads
        array = array.flatten(1 if is_kernel else 0)
    if not is_kernel:
        return array
    if name.endswith('/out/kernel'):
        array = array.flatten(0, 1)
    if array.ndim == 4:  # (h, w, in, out) -> (out, in, h, w)
        return array.permute(3, 2, 0, 1).contiguous()
    return array.T.contiguous() if array.ndim == 2 else array
