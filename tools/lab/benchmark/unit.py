"""The unit that times are given in, so that machines can be compared."""

import torch
from mmengine.device import get_device
from mmengine.registry import MODELS
from mmengine.runner import autocast

from .clock import Clock

UNIT_BACKBONE = dict(
    type='mmpretrain.VisionTransformer', arch='base', patch_size=16
)
UNIT_SIZE = (4, 3, 448, 448)  # images
UNIT = (
    '1 unit = a plain fp32 ViT-B/16 (mmpretrain VisionTransformer, arch base, '
    'patch 16) forward of 4 images at 448 x 448, no gradient, fused '
    'attention, on the same machine in the same run'
)


class UnitForward:
    """The forward pass that is the unit, with random weights.

    Args:
        clock (Clock): Of the device that runs it.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        device = get_device()
        backbone = dict(UNIT_BACKBONE, img_size=UNIT_SIZE[-2:])
        self.backbone = MODELS.build(backbone).to(device)
        self.backbone.eval()
        self.img = torch.rand(UNIT_SIZE, device=device)
        self.measure()  # the first one is slower

    @torch.no_grad()
    def measure(self) -> float:
        """Seconds of one forward pass."""
        start = self.clock.mark()
        with autocast(enabled=False):
            self.backbone(self.img)
        return self.clock.seconds([start, self.clock.mark()])[0]
