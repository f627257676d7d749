"""What guides the CAM, for the oracle experiment: masks, or noise."""

from dataclasses import replace

import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.models.segmentors import CoSA
from cosa_mmseg.structures import CoSABatch, PseudoLabels


@MODELS.register_module()
class MaskGuidedCoSA(CoSA):
    """CoSA whose CAMs are guided by masks, and whose segmentation is not.

    The SPL are those of the masks; CPL and all else stay as they are.
    """

    def assign(self, batch: CoSABatch) -> PseudoLabels:
        """Make pseudo labels."""
        own = self.assigner(self.assignment.forward_heads, batch)
        assert batch.masks is not None
        assert batch.has_mask is not None
        guided = own.with_masks(batch.masks, batch.has_mask)
        return replace(own, seg_prob=guided.seg_prob)


@MODELS.register_module()
class RandomSegLabeler(nn.Module):
    """SPL that are drawn at random in patches, among an image's classes.

    Args:
        patch (int): Side of the patches, pixels.
    """

    def __init__(self, patch: int = 32) -> None:
        super().__init__()
        self.patch = patch

    def forward(self, seg_logits: Tensor, img_label: Tensor) -> Tensor:
        """Return probabilities, 0 or 1.

        Args:
            seg_logits (Tensor): (N, P + 1, H, W); their values do not count.
            img_label (Tensor): Multi-hot labels of the P classes, (N, P).
        """
        height, width = seg_logits.shape[-2:]
        rows, columns = -(-height // self.patch), -(-width // self.patch)
        background = torch.ones_like(img_label[:, :1])
        chances = torch.cat([background, img_label], dim=1)
        drawn = torch.multinomial(chances, rows * columns, replacement=True)
        drawn = drawn.unflatten(1, (rows, columns))
        drawn = drawn.repeat_interleave(self.patch, 1)
        drawn = drawn.repeat_interleave(self.patch, 2)[:, :height, :width]
        classes = torch.arange(chances.shape[1], device=drawn.device)
        return (drawn[:, None] == classes[:, None, None]).to(seg_logits)
