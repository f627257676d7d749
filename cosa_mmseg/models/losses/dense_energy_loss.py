"""Dense energy loss: pixels that look alike should be labelled alike."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.registry import MODELS
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from cosa_mmseg.models.ops.cam import IGNORE_INDEX
from cosa_mmseg.structures import CoSABatch, NetworkOutput, PseudoLabels
from cosa_mmseg.utils.dtype import promote_half

from ..ops.checks import check_range, check_shape
from ..ops.halved_softmax import halved_softmax
from ..ops.permutohedral import bilateral_filter


class _DenseEnergy(torch.autograd.Function):
    """``-sum(s * A) / N`` with ``s = p * R`` and ``A = gate * filter(s)``.

    The gradient handed to p is the released code's, ``-2 * A * R / N``.  It
    is *not* the exact derivative: the gate is taken as a constant though it
    depends on p, and the factor 2 would hold for a symmetric form, which the
    gate in front of the filter is not.  It needs no second filtering.
    """

    @staticmethod
    def forward(
        ctx: Any,
        prob: Tensor,
        img: Tensor,
        valid: Tensor,
        gate: Tensor,
        sigma_rgb: float,
        sigma_xy: float,
    ) -> Tensor:
        inside = prob * valid
        filtered = bilateral_filter(inside, img, sigma_rgb, sigma_xy)
        filtered = filtered.mul_(gate * valid)
        ctx.save_for_backward(filtered)
        # valid is 0 or 1, so that it may enter twice.
        return -inside.mul_(filtered).sum() / len(prob)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> tuple:
        (filtered,) = ctx.saved_tensors
        grad_prob = filtered * (-2 / len(filtered) * grad_output)
        return grad_prob, None, None, None, None, None


@MODELS.register_module()
class DenseEnergyLoss(nn.Module):
    r"""Dense (bilateral) energy of a segmentation, as in the released code.

    At ``scale_factor`` of the size (p bilinear, the rest nearest), with
    p = softmax(S), R = 1 at real pixels and 0 in the padding:

    .. math::
        L = -\frac{w}{N} \sum_{n,k,i} s_{nki} \, g_{ni} \sum_j
        \exp\left(-\frac{|x_i-x_j|^2}{2 \sigma_{xy}^2}
        -\frac{|I_i-I_j|^2}{2 \sigma_{rgb}^2}\right) s_{nkj},
        \quad s = p R

    where the gate is g = max(0, R - max_k p_k), and 1 where the label is 255.
    So the loss is negative, and 0 at pixels that are confident and labelled.

    The gradient is the released code's and *not* the exact derivative of the
    value: the gate counts as a constant, and ``-2 w g R filter(s) / N`` is
    handed to p as if the gate left the form symmetric.

    The inner sum runs on a permutohedral lattice, which yields about .555 of
    the exact sum (see ``bilateral_filter``); ``energy_weight`` belongs to
    that magnitude, so nothing is corrected.  Half-precision logits are
    computed in float32, also under autocast.  The host never waits for a GPU.
    At the released scale, .5, nothing with K channels is held at full size.

    Args:
        sigma_rgb: standard deviation in grey levels (15: released code).
        sigma_xy: standard deviation in pixels of the full-size image, it is
            scaled with the image (100: released code).
        scale_factor: size at which the energy is computed, in (0, 1]
            (.5: released code).
        energy_weight: the weight w in the formula, which sums over pixels,
            at least 0 (1e-7: released code).
        loss_weight: weight among the other losses, at least 0.

    Raises:
        ValueError: if an argument is out of range.
    """

    def __init__(
        self,
        sigma_rgb: float = 15.0,
        sigma_xy: float = 100.0,
        scale_factor: float = 0.5,
        energy_weight: float = 1e-7,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        check_range('(0, 1]', scale_factor=scale_factor)
        check_range('(0, inf)', sigma_rgb=sigma_rgb, sigma_xy=sigma_xy)
        check_range(
            '[0, inf)', energy_weight=energy_weight, loss_weight=loss_weight
        )
        self.sigma_rgb = sigma_rgb
        self.sigma_xy = sigma_xy
        self.scale_factor = scale_factor
        self.energy_weight = energy_weight
        self.loss_weight = loss_weight

    def forward(
        self, output: NetworkOutput, pseudo: PseudoLabels, batch: CoSABatch
    ) -> Tensor:
        """Compute the loss.

        Args:
            output (NetworkOutput): Of the online network.
            pseudo (PseudoLabels): Of the assignment network.
            batch (CoSABatch): The batch.

        Returns:
            Scalar, at most 0; 0 with a zero gradient if no pixel is valid.

        Raises:
            ValueError: if the shapes do not belong together.
        """
        seg_logits, img = output.seg_logits, batch.strong_rgb
        label, valid_mask = pseudo.cam_label, batch.valid
        check_shape([None] * 4, seg_logits=seg_logits)
        expected = (len(seg_logits), *label.shape[-2:])
        check_shape(expected, label=label, valid_mask=valid_mask)
        check_shape((expected[0], 3, *expected[1:]), img=img)
        with torch.autocast(seg_logits.device.type, enabled=False):
            prob = self._probabilities(seg_logits, label.shape[-2:])
            masks = [valid_mask[:, None], label[:, None] == IGNORE_INDEX]
            pixels = torch.cat([img, *masks], 1).to(prob.dtype)  # (N, 5, H, W)
            pixels = self._resize(pixels, 'nearest')
            img, valid, ignored = pixels.split([3, 1, 1], 1)
            gate = (valid - prob.detach().amax(1, keepdim=True)).clamp(min=0)
            gate = gate.maximum(ignored)
            energy = _DenseEnergy.apply(
                prob,
                img,
                valid,
                gate,
                self.sigma_rgb,
                self.sigma_xy * self.scale_factor,
            )
            return self.loss_weight * self.energy_weight * energy

    def _probabilities(
        self, seg_logits: Tensor, size: Sequence[int]
    ) -> Tensor:
        """Softmax at a size, then resized, at least float32: (N, K, h, w)."""
        if self.scale_factor == 0.5:
            return halved_softmax(seg_logits, size)
        seg_logits = F.interpolate(
            promote_half(seg_logits), tuple(size), mode='bilinear'
        )
        return self._resize(seg_logits.softmax(1), 'bilinear')

    def _resize(self, maps: Tensor, mode: str) -> Tensor:
        return F.interpolate(maps, scale_factor=self.scale_factor, mode=mode)
