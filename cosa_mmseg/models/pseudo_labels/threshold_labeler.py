"""CAM pseudo labels with one threshold, as the paper makes them."""

from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.structures import CAMLabels

from ..ops.cam import cam_to_label, restrict_cam
from .building import build_threshold


@MODELS.register_module()
class ThresholdLabeler(nn.Module):
    """CAM pseudo labels (CPL) from one confidence threshold ``xi``.

    Foreground ``argmax_c A + 1`` where ``max_c A > xi``, background elsewhere,
    255 outside the real pixels (paper).  In training the threshold sees each
    batch before it is used.

    Args:
        threshold (dict): Config of the threshold: a module whose ``forward()``
            gives ``xi`` and whose ``update(cam, valid_mask)`` may move it,
            such as :class:`DynamicThreshold` or :class:`FixedThreshold`.

    Raises:
        ValueError: If the threshold is not a single one.
    """

    needs_rgb = False

    def __init__(self, threshold: dict) -> None:
        super().__init__()
        self.threshold = build_threshold(threshold, 1)

    @property
    def num_images(self) -> int:
        """int: Images that the threshold wants to see before it is used."""
        return self.threshold.num_images

    @property
    def xi(self) -> Tensor:
        """Tensor: The threshold as it is now, 0-d, in (0, 1)."""
        return self.threshold()

    def forward(
        self,
        cam: Tensor,
        img_label: Tensor,
        valid_mask: Tensor,
        rgb: Tensor | None = None,
    ) -> CAMLabels:
        """Label a batch.

        Args:
            cam (Tensor): Normalised maps ``A`` in [0, 1], (N, C, H, W).
            img_label (Tensor): Multi-hot image-level labels, (N, C).
            valid_mask (Tensor): True where real pixels are, (N, H, W).
            rgb (Tensor, optional): Not used; other labelers look at it.

        Returns:
            CAMLabels: CPL, 255 outside the mask, with what they come from.

        Raises:
            ValueError: If shapes do not fit.
        """
        cam = restrict_cam(cam, img_label)
        if self.training:
            self.threshold.update(cam, valid_mask)
        xi = self.xi
        return CAMLabels(*cam_to_label(cam, xi, valid_mask), xi)
