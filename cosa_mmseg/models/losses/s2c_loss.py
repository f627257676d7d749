"""Segmentation-to-CAM loss: segmentation pseudo labels supervise the CAM."""

import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.registry import MODELS
from mmseg.models.utils import resize
from torch import Tensor, nn

from cosa_mmseg.structures import CoSABatch, NetworkOutput, PseudoLabels
from cosa_mmseg.utils.dtype import promote_half

from ..ops.ranges import (
    check_shares,
    check_weights,
)


def check_cam(cam: Tensor, seg_prob: Tensor) -> None:
    """Raise unless a CAM and segmentation probabilities fit.

    Args:
        cam (Tensor): (N, C, h, w).
        seg_prob (Tensor): (N, C + 1, H, W).

    Raises:
        ValueError: If batch size or number of classes differ.
    """
    if seg_prob.shape[:2] != (cam.shape[0], cam.shape[1] + 1):
        raise ValueError(
            f'probabilities of shape {tuple(seg_prob.shape)} do not fit a CAM '
            f'of shape {tuple(cam.shape)}: expected (N, C+1, H, W) and '
            '(N, C, h, w)'
        )


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
        if activation not in ('relu', 'none', 'scale'):
            raise ValueError(
                "activation must be 'relu', 'none' or 'scale', got "
                f'{activation!r}'
            )
        check_shares(aux_share=aux_share)
        check_weights(loss_weight=loss_weight)
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
            share * self._loss(cam, pseudo.seg_prob)
            for cam, share in pairs
            if share > 0
        ]
        return self.loss_weight * torch.stack(terms).sum()

    def _loss(self, cam: Tensor, seg_prob: Tensor) -> Tensor:
        """The loss of one CAM, 0-d."""
        check_cam(cam, seg_prob)
        target = resize(
            seg_prob[:, 1:],
            size=cam.shape[-2:],
            mode='bilinear',
            align_corners=False,
        )
        cam = promote_half(cam)
        if self.activation == 'relu':
            cam = cam.relu()
        elif self.activation == 'scale':
            cam = scale_cam(cam)
        return F.binary_cross_entropy_with_logits(cam, target.to(cam))

    def extra_repr(self) -> str:
        """Settings, for ``print(module)``."""
        return (
            f'activation={self.activation}, aux_share={self.aux_share}, '
            f'loss_weight={self.loss_weight}'
        )
