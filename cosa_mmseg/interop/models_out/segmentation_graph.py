"""What is exported: from pixels to logits."""

from collections.abc import Callable

import torch
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import resize
from torch import Tensor, nn

from cosa_mmseg.models.segmentors.cam_encoder_decoder import CAMEncoderDecoder

# of the largest logit, or of 1 where all are smaller
TOLERANCE = 1e-6
_SHAPE = (1, 3, 96, 128)


class SegmentationGraph(nn.Module):
    """A network that normalises its images itself, in evaluation mode.

    Args:
        network (EncoderDecoder): Its backbone, neck and segmentation head are
            taken, not copied.
        preprocessor (nn.Module): Of the model that it is of.
    """

    mean: Tensor  # (3, 1, 1), as is std
    std: Tensor

    def __init__(
        self, network: EncoderDecoder, preprocessor: nn.Module
    ) -> None:
        super().__init__()
        neck = [network.neck] if network.with_neck else []
        self.body = nn.Sequential(network.backbone, *neck)
        self.decode_head = network.decode_head
        self.align_corners = network.align_corners
        # mmcv reads BGR; without conversion that is what the network sees
        self.sees_bgr = not getattr(preprocessor, '_channel_conversion', False)
        for name, default in (('mean', torch.zeros), ('std', torch.ones)):
            value = getattr(preprocessor, name, default(3, 1, 1))
            self.register_buffer(name, value)
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        """Segment a batch.

        Args:
            image (Tensor): RGB in 0..255, float32, (N, 3, H, W).

        Returns:
            Tensor: Logits at the image's size, (N, K, H, W).
        """
        if self.sees_bgr:
            image = image.flip(1)
        return resize(
            self.find_logits((image - self.mean) / self.std),
            size=image.shape[2:],
            mode='bilinear',
            align_corners=self.align_corners,
        )

    def find_logits(self, img: Tensor) -> Tensor:
        """Return the head's logits, (N, K, h, w), of normalised images."""
        return self.decode_head.forward(self.body(img))

    def normalization(self) -> tuple[list[float], list[float]]:
        """Return mean and standard deviation of R, G and B, in 0..255."""
        order = -1 if self.sees_bgr else 1
        return (
            self.mean.flatten().tolist()[::order],
            self.std.flatten().tolist()[::order],
        )


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
