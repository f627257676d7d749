"""Whether the parts of a network give what the network gives."""

from collections.abc import Callable

import torch
from mmseg.models.segmentors import EncoderDecoder
from torch import Tensor

from cosa_mmseg.models.segmentors.cam_encoder_decoder import CAMEncoderDecoder

# of the largest logit, or of 1 where all are smaller
TOLERANCE = 1e-6
_SHAPE = (1, 3, 96, 128)


@torch.no_grad()
def check_same_logits(
    network: EncoderDecoder, find_logits: Callable[[Tensor], Tensor]
) -> None:
    """Refuse a network that is more than its parts.

    Args:
        network (EncoderDecoder): In evaluation mode.
        find_logits (Callable): Gives the logits of its parts, (N, K, h, w).

    Raises:
        ValueError: If they are others.
    """
    generator = torch.Generator().manual_seed(0)
    # another layout of convolutions would round differently
    layout = getattr(network, 'memory_format', torch.contiguous_format)
    img = torch.randn(_SHAPE, generator=generator)
    img = img.contiguous(memory_format=layout)
    if isinstance(network, CAMEncoderDecoder):
        expected = network.forward_heads(img).seg_logits
    else:
        expected = network._forward(img)
    difference = float((find_logits(img) - expected).abs().max())
    allowed = TOLERANCE * max(1.0, float(expected.abs().max()))
    if not difference <= allowed:  # NaN, too
        raise ValueError(
            f'an EncoderDecoder of the parts of {type(network).__name__} '
            f'gives other logits: they differ by {difference:.1e}, at most '
            f'{allowed:.1e} is allowed; a plain EncoderDecoder cannot stand '
            'in for this network'
        )
