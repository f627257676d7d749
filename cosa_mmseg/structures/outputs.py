"""What travels between the networks, the labelers and the losses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .image import resize_maps

IGNORE_INDEX = 255
EPS = 1e-6


@dataclass(frozen=True)
class NetworkOutput:
    """Everything a network says about a batch, or a sum of it over views.

    Attributes:
        seg_logits (Tensor): Segmentation logits ``S``, (N, K, h, w).
        cam (Tensor): Class activation maps ``M``, (N, C, h, w).
        cam_aux (Tensor): Those of the auxiliary feature, (N, C, h, w).
        cls_logits (Tensor): Classification logits, (N, C).
        cls_logits_aux (Tensor): Those of the auxiliary feature, (N, C).
        seg_logits_aux (tuple[Tensor, ...]): Segmentation logits of mmseg's
            auxiliary heads, (N, K, h, w) each; none where nobody learns.
    """

    seg_logits: Tensor
    cam: Tensor
    cam_aux: Tensor
    cls_logits: Tensor
    cls_logits_aux: Tensor
    seg_logits_aux: tuple[Tensor, ...] = ()

    def of_classes(self, classes: Tensor) -> 'NetworkOutput':
        """Return the maps of some classes, and the logits of the background.

        Args:
            classes (Tensor): Foreground classes, 0-based, int64 (P,).

        Returns:
            NetworkOutput: ``cam`` and ``cam_aux`` (N, P, h, w), ``seg_logits``
            (N, P + 1, h, w); the rest as it is.
        """
        channels = torch.cat([classes.new_zeros(1), classes + 1])
        return replace(
            self,
            seg_logits=self.seg_logits.index_select(1, channels),
            cam=self.cam.index_select(1, classes),
            cam_aux=self.cam_aux.index_select(1, classes),
        )


@dataclass(frozen=True)
class CAMLabels:
    """What a labeler makes of CAMs.

    Attributes:
        label (Tensor): int64 (N, H, W): 0 background, 1.. the maps in their
            order, 255 ignore.
        confidence (Tensor, optional): ``v``, largest value of the present
            classes' maps, in [0, 1], (N, H, W).
        xi (Tensor, optional): Threshold that it was compared with, 0-d; None
            where there is no single one.
    """

    label: Tensor
    confidence: Tensor | None = None
    xi: Tensor | None = None


@dataclass(frozen=True)
class PseudoLabels:
    """Assignments: what the assignment network hands to the online network.

    Class ids are those of the data set: 0 background, 1..C, 255 ignore.

    Attributes:
        cam_label (Tensor): CAM pseudo labels (CPL) of the main CAM, int64
            (N, H, W).
        cam_label_aux (Tensor): CPL of the auxiliary CAM, int64 (N, H, W).
        seg_prob (Tensor): Segmentation pseudo labels (SPL), probabilities in
            [0, 1] of the background and of ``classes``, (N, P + 1, H, W).
        classes (Tensor): Foreground classes, 0-based, int64 (P,); the SPL of
            others is 0.
        seg_label (Tensor): The most probable class, int64 (N, H, W).
        weight (Tensor, optional): Reliability of ``cam_label`` (RAW), of mean
            1 over the real pixels, (N, H, W).
        weight_aux (Tensor, optional): That of ``cam_label_aux``.
        perplexity_aux (Tensor, optional): Perplexity of ``cam_label_aux``,
            positive, (N, H, W).
    """

    cam_label: Tensor
    cam_label_aux: Tensor
    seg_prob: Tensor
    classes: Tensor
    seg_label: Tensor
    weight: Tensor | None = None
    weight_aux: Tensor | None = None
    perplexity_aux: Tensor | None = None

    def foreground_prob(self, size: Sequence[int], num_classes: int) -> Tensor:
        """Return the SPL of all foreground classes at another size.

        The other classes are filled in after the resize: at full size, maps
        of all 81 classes of COCO would cost more than the loss that reads
        them.

        Args:
            size (Sequence[int]): h, w.
            num_classes (int): C.

        Returns:
            Tensor: Resized bilinearly, (N, C, h, w).
        """
        prob = resize_maps(self.seg_prob[:, 1:], size)
        whole = prob.new_zeros(len(prob), num_classes, *size)
        return whole.index_copy_(1, self.classes, prob)

    def with_masks(self, masks: Tensor, has_mask: Tensor) -> 'PseudoLabels':
        """Return the labels with masks in the place of some images' labels.

        Both CPL are the mask, of reliability 1; the SPL is 1 for its class,
        and stays as it is where the mask is ignored.

        Args:
            masks (Tensor): Class ids, 255 = ignore, int64 (N, H, W).
            has_mask (Tensor): Which images have one, bool (N,).
        """
        has = has_mask[:, None, None]
        known = has & (masks != IGNORE_INDEX)
        ids = torch.cat([self.classes.new_zeros(1), self.classes + 1])
        is_class = masks[:, None] == ids[:, None, None]  # (N, P + 1, H, W)

        def put(own: Tensor | None, value: float) -> Tensor | None:
            return None if own is None else own.masked_fill(has, value)

        return replace(
            self,
            cam_label=torch.where(has, masks, self.cam_label),
            cam_label_aux=torch.where(has, masks, self.cam_label_aux),
            seg_prob=torch.where(
                known[:, None], is_class.to(self.seg_prob), self.seg_prob
            ),
            seg_label=torch.where(known, masks, self.seg_label),
            weight=put(self.weight, 1),
            weight_aux=put(self.weight_aux, 1),
            # as sure as can be
            perplexity_aux=put(self.perplexity_aux, EPS),
        )
