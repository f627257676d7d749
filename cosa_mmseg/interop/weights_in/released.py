"""Networks of the authors' public code."""

import torch
from torch import Tensor

from cosa_mmseg.utils.weights import WeightsError

ENCODER = 'encoder.'  # a timm ViT
# its heads -> those of CAMEncoderDecoder
HEADS = {
    'decoder.conv6.weight': 'decode_head.convs.0.conv',
    'decoder.conv7.weight': 'decode_head.convs.1.conv',
    'decoder.conv8.weight': 'decode_head.conv_seg',
    'classifier.weight': 'cam_head.conv_seg',
    'aux_classifier.weight': 'cam_head_aux.conv_seg',
}


def rename_heads(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of the heads.

    The released LargeFOV has no bias; that of mmseg's ``FCNHead`` becomes 0.

    Raises:
        WeightsError: If a name is not known; it is named.
    """
    out = {}
    for name, value in state.items():
        if name not in HEADS:
            raise WeightsError(
                f'{name!r} is no parameter of the released code: expected '
                f'{ENCODER}* or one of {sorted(HEADS)}'
            )
        module = HEADS[name]
        out[f'{module}.weight'] = value
        if module.startswith('decode_head'):
            out[f'{module}.bias'] = torch.zeros(len(value))
    return out
