"""Rename the weights of other projects to the names used here."""

import torch
from torch import Tensor

# timm's name of a part of a ViT block -> mmpretrain's
_VIT_BLOCK = {
    'norm1': 'ln1',
    'norm2': 'ln2',
    'attn.qkv': 'attn.qkv',
    'attn.proj': 'attn.proj',
    'mlp.fc1': 'ffn.layers.0.0',
    'mlp.fc2': 'ffn.layers.1',
}
_VIT_TOP = {
    'patch_embed.proj': 'patch_embed.projection',
    'norm': 'ln1',
}
# the released code's heads -> those of CAMEncoderDecoder
_RELEASED_HEADS = {
    'decoder.conv6': 'decode_head.convs.0.conv',
    'decoder.conv7': 'decode_head.convs.1.conv',
    'decoder.conv8': 'decode_head.conv_seg',
    'classifier': 'cam_head.conv_seg',
    'aux_classifier': 'cam_head_aux.conv_seg',
}


def timm_vit_to_mmpretrain(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of a timm ViT to mmpretrain's ``VisionTransformer``.

    The ImageNet classifier (``head.*``) is left out.

    Args:
        state (dict[str, Tensor]): State dict of a timm ``vit_*_patch*``.

    Returns:
        dict[str, Tensor]: The same tensors under mmpretrain's names.

    Raises:
        ValueError: If a name is not one of a plain ViT; it is named.
    """
    return {
        _vit_name(name): tensor
        for name, tensor in state.items()
        if not name.startswith('head.')
    }


def _vit_name(name: str) -> str:
    """Name of a timm ViT parameter in mmpretrain."""
    if name in ('cls_token', 'pos_embed'):
        return name
    module, _, kind = name.rpartition('.')
    if module.startswith('blocks.'):
        _, index, part = module.split('.', 2)
        if part in _VIT_BLOCK:
            return f'layers.{index}.{_VIT_BLOCK[part]}.{kind}'
    elif module in _VIT_TOP:
        return f'{_VIT_TOP[module]}.{kind}'
    raise ValueError(
        f'{name!r} is no parameter of a plain timm ViT: expected cls_token, '
        'pos_embed, patch_embed.proj, blocks.<i>.(norm1|attn.qkv|attn.proj|'
        'norm2|mlp.fc1|mlp.fc2), norm, head'
    )


def released_to_network(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of a network of the released code.

    The released LargeFOV has no bias; that of mmseg's ``FCNHead`` becomes 0.

    Args:
        state (dict[str, Tensor]): ``encoder.*`` (a timm ViT),
            ``decoder.conv{6,7,8}.weight``, ``classifier.weight`` and
            ``aux_classifier.weight``.

    Returns:
        dict[str, Tensor]: State dict of a :class:`CAMEncoderDecoder`.

    Raises:
        ValueError: If a name is not known; it is named.
    """
    prefix = 'encoder.'
    encoder = {
        name.removeprefix(prefix): tensor
        for name, tensor in state.items()
        if name.startswith(prefix)
    }
    out = {
        f'backbone.{name}': tensor
        for name, tensor in timm_vit_to_mmpretrain(encoder).items()
    }
    for name, tensor in state.items():
        if name.startswith(prefix):
            continue
        module = _RELEASED_HEADS.get(name.removesuffix('.weight'))
        if module is None:
            raise ValueError(
                f'{name!r} is no parameter of the released code: expected '
                f'encoder.* or one of {sorted(_RELEASED_HEADS)}'
            )
        out[f'{module}.weight'] = tensor
        if module.startswith('decode_head'):
            out[f'{module}.bias'] = torch.zeros(len(tensor))
    return out
