"""What is exported: from pixels to logits."""

import torch
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import resize
from torch import Tensor, nn


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
