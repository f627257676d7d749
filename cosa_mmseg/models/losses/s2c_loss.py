"""Segmentation-to-CAM loss: segmentation pseudo labels supervise the CAM."""

import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.structures import CoSABatch, NetworkOutput, PseudoLabels
from cosa_mmseg.utils.dtype import promote_half

from ..ops.checks import check_choice, check_range, check_shape


def scale_cam(cam: Tensor) -> Tensor:
    """Scale raw maps to about [0, 1]: ``(r - min r) / (max r + 1e-4)``.

    ``r = ReLU(M)``; the maximum is that before the minimum is subtracted
    (released code).

    Args:
        cam (Tensor): Raw maps ``M``, (N, C, h, w).

    Returns:
        Tensor: (N, C, h, w).
    """
    cam = cam.relu()
    low = cam.amin((-2, -1), keepdim=True)
    high = cam.amax((-2, -1), keepdim=True)
    return (cam - low) / (high + 1e-4)


@MODELS.register_module()
class S2CLoss(nn.Module):
    r"""Segmentation-to-CAM loss ``L_s2c``.

    Multi-label soft margin ``-mean[T log s(x) + (1 - T) log s(-x)]`` over
    classes and pixels, ``s`` the sigmoid, ``T`` the foreground channels of
    the segmentation pseudo labels resized to the CAM, ``x = f(M)`` (paper;
    ``f`` = ReLU: released code, its version 1).

    Args:
        activation (str): ``f``: ``'relu'``, ``'none'``, or ``'scale'``,
            :func:`scale_cam` (the released code's version 2).
        aux_share (float): Share of the same loss on the auxiliary CAM, in
            [0, 1].
        loss_weight (float): Factor of the whole, at least 0.

    Raises:
        ValueError: If the activation is unknown, the share outside [0, 1] or
            ``loss_weight`` below 0.
    """

    def __init__(
        self,
        activation: str = 'relu',
        aux_share: float = 0.0,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        check_choice(('relu', 'none', 'scale'), activation=activation)
        check_range('[0, 1]', aux_share=aux_share)
        check_range('[0, inf)', loss_weight=loss_weight)
        self.activation = activation
        self.aux_share = aux_share
        self.loss_weight = loss_weight

    def forward(
        self, output: NetworkOutput, pseudo: PseudoLabels, batch: CoSABatch
    ) -> Tensor:
        """Loss of a batch.

        Args:
            output (NetworkOutput): Of the online network.
            pseudo (PseudoLabels): Of the assignment network.
            batch (CoSABatch): The batch.

        Returns:
            Tensor: 0-d.

        Raises:
            ValueError: If the shapes do not fit.
        """
        pairs = [
            (output.cam, 1 - self.aux_share),
            (output.cam_aux, self.aux_share),
        ]
        terms = [
            share * self._loss(cam, pseudo)
            for cam, share in pairs
            if share > 0
        ]
        return self.loss_weight * torch.stack(terms).sum()

    def _loss(self, cam: Tensor, pseudo: PseudoLabels) -> Tensor:
        """Return the loss of one CAM, 0-d."""
        num_images, num_classes, *size = cam.shape
        check_shape(
            [num_images, len(pseudo.classes) + 1, None, None],
            seg_prob=pseudo.seg_prob,
        )
        target = pseudo.foreground_prob(size, num_classes)
        cam = promote_half(cam)
        if self.activation == 'relu':
            cam = cam.relu()
        elif self.activation == 'scale':
            cam = scale_cam(cam)
        return F.binary_cross_entropy_with_logits(cam, target.to(cam))
