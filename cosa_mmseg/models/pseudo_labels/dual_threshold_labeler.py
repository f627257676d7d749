"""CAM pseudo labels with two thresholds, as the released code makes."""

import torch
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.structures import CAMLabels, resize_maps

from ..ops.cam import IGNORE_INDEX, restrict_cam
from ..ops.checks import check_range
from .building import build_threshold


@MODELS.register_module()
class DualThresholdLabeler(nn.Module):
    r"""CAM pseudo labels (CPL) with a foreground and a background threshold.

    For each threshold ``t``: put a constant background map ``t`` before the
    maps of the present classes, shrink, softmax over the channels, refine if
    a refiner is given, resize back, argmax.  A pixel is foreground where the
    ``high`` result is, background where both results are, else ignored
    (released code, METHOD "CPL, released").  As probabilities are resized,
    this is not the same as comparing the CAM with the thresholds.

    Args:
        low (float, optional): Background threshold, in [0, 1].
        high (float, optional): Foreground threshold, in [low, 1].
        threshold (dict, optional): In place of the two, config of a module
            whose ``forward()`` gives (low, high) and which sees each training
            batch before it is used, such as :class:`DualDynamicThreshold`.
        downscale (int): Maps are labelled at ``1 / downscale`` of the size; 1
            keeps it.
        refiner (dict, optional): Config of a module that refines probability
            maps (N, K, h, w) along the edges of an image (N, 3, h, w) in
            [0, 1], such as :class:`PixelAdaptiveRefinement`.

    Raises:
        ValueError: If not ``0 <= low <= high <= 1`` or ``downscale < 1``, if
            both or neither of the thresholds and ``threshold`` are given, or
            if the latter does not give two.
    """

    def __init__(
        self,
        low: float | None = None,
        high: float | None = None,
        threshold: dict | None = None,
        downscale: int = 2,
        refiner: dict | None = None,
    ) -> None:
        super().__init__()
        if threshold is not None and low is high is None:
            self.threshold = build_threshold(threshold, 2)
        elif threshold is not None or low is None or high is None:
            raise ValueError(
                'give either low and high, or threshold: got '
                f'low={low}, high={high}, threshold={threshold}'
            )
        elif not 0 <= low <= high <= 1:
            raise ValueError(
                'the thresholds must satisfy 0 <= low <= high <= 1, got '
                f'low={low}, high={high}'
            )
        check_range('[1, inf)', downscale=downscale)
        self.low = low
        self.high = high
        self.downscale = downscale
        self.refiner = MODELS.build(refiner) if refiner else None

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
            rgb (Tensor, optional): RGB images in [0, 1], (N, 3, H, W);
                needed by a refiner only.

        Returns:
            CAMLabels: CPL; there is no single threshold.

        Raises:
            ValueError: If shapes do not fit, or a refiner is set and ``rgb``
                is missing.
        """
        cam = restrict_cam(cam, img_label)
        if self.needs_rgb and rgb is None:
            raise ValueError('the refiner needs the image: rgb is None')
        low, high = (
            self._label_at(threshold, cam, img_label, rgb)
            for threshold in self._thresholds(cam, valid_mask)
        )
        ignored = ((high == 0) & (low != 0)) | ~valid_mask
        return CAMLabels(high.masked_fill(ignored, IGNORE_INDEX))

    def _thresholds(
        self, cam: Tensor, valid_mask: Tensor
    ) -> tuple[Tensor | float, Tensor | float]:
        """Return (low, high); dynamic ones take in the batch before."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        if self.training:
            self.threshold.update(cam, valid_mask)
        low, high = self.threshold()
        return low, high

    def _label_at(
        self,
        threshold: Tensor | float,
        cam: Tensor,
        img_label: Tensor,
        rgb: Tensor | None,
    ) -> Tensor:
        """Return labels with a constant background map: int64 (N, H, W)."""
        size = cam.shape[-2:]
        if self.downscale > 1:
            small = [max(side // self.downscale, 1) for side in size]
            cam = resize_maps(cam, small)
        background = torch.zeros_like(cam[:, :1]) + threshold
        absent = (img_label == 0)[:, :, None, None]
        scores = cam.masked_fill(absent, float('-inf'))
        prob = torch.cat([background, scores], dim=1).softmax(dim=1)
        if self.refiner is not None and rgb is not None:
            prob = self.refiner(prob, resize_maps(rgb, prob.shape[-2:]))
        if prob.shape[-2:] != size:
            prob = resize_maps(prob, size)
        return prob.max(dim=1).indices  # on a CPU far faster than argmax

    @property
    def needs_rgb(self) -> bool:
        """bool: Whether the image is needed, which a refiner follows."""
        return self.refiner is not None

    @property
    def num_images(self) -> int:
        """int: Images that the thresholds want to see before their use."""
        return 0 if self.low is not None else self.threshold.num_images
