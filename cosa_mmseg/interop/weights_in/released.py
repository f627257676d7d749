"""Networks of the authors' public code."""

from collections.abc import Iterable

import torch
from torch import Tensor

from cosa_mmseg.utils.weights import WeightsError

from .names import MMPRETRAIN

ENCODER = 'encoder.'
# its heads -> those of CAMEncoderDecoder
_HEADS = {
    'decoder.conv6': 'decode_head.convs.0.conv',
    'decoder.conv7': 'decode_head.convs.1.conv',
    'decoder.conv8': 'decode_head.conv_seg',
    'classifier': 'cam_head.conv_seg',
    'aux_classifier': 'cam_head_aux.conv_seg',
}


def is_released(names: Iterable[str]) -> bool:
    """Whether parameters with these names are a released network's."""
    return {f'{head}.weight' for head in _HEADS} <= set(names)


def released_to_network(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of a network of the released code.

    Args:
        state (dict[str, Tensor]): ``encoder.*`` (a timm ViT),
            ``decoder.conv{6,7,8}.weight``, ``classifier.weight`` and
            ``aux_classifier.weight``.

    Returns:
        dict[str, Tensor]: State dict of a :class:`CAMEncoderDecoder` on
        mmpretrain's ``VisionTransformer``.

    Raises:
        WeightsError: If a name is not known; it is named.
    """
    backbone = {
        f'backbone.{MMPRETRAIN.from_timm(name.removeprefix(ENCODER))}': value
        for name, value in state.items()
        if name.startswith(ENCODER)
    }
    heads = {
        name: value
        for name, value in state.items()
        if not name.startswith(ENCODER)
    }
    return {**backbone, **rename_heads(heads)}


def rename_heads(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of the heads.

    The released LargeFOV has no bias; that of mmseg's ``FCNHead`` becomes 0.

    Raises:
        WeightsError: If a name is not known; it is named.
    """
    out = {}
    for name, value in state.items():
        module = _HEADS.get(name.removesuffix('.weight'))
        if module is None:
            raise WeightsError(
                f'{name!r} is no parameter of the released code: expected '
                f'{ENCODER}* or one of {sorted(_HEADS)}'
            )
        out[f'{module}.weight'] = value
        if module.startswith('decode_head'):
            out[f'{module}.bias'] = torch.zeros(len(value))
    return out
