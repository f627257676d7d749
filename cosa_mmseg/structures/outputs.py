"""What travels between the networks, the labelers and the losses."""

from dataclasses import dataclass

from torch import Tensor


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


@dataclass(frozen=True)
class PseudoLabels:
    """Assignments: what the assignment network hands to the online network.

    Attributes:
        cam (Tensor): Normalised main CAM that they come from, (N, C, H, W) in
            [0, 1], not restricted to the labels.
        cam_label (Tensor): CAM pseudo labels (CPL) of the main CAM, int64
            (N, H, W): 0 background, 1..C classes, 255 ignore.
        cam_label_aux (Tensor): CPL of the auxiliary CAM, int64 (N, H, W).
        seg_prob (Tensor): Segmentation pseudo labels (SPL), (N, K, H, W),
            probabilities in [0, 1].
        weight (Tensor, optional): Reliability of ``cam_label`` (RAW), of mean
            1 over the real pixels, (N, H, W).
        weight_aux (Tensor, optional): That of ``cam_label_aux``.
        perplexity_aux (Tensor, optional): Perplexity of ``cam_label_aux``,
            positive, (N, H, W).
    """

    cam: Tensor
    cam_label: Tensor
    cam_label_aux: Tensor
    seg_prob: Tensor
    weight: Tensor | None = None
    weight_aux: Tensor | None = None
    perplexity_aux: Tensor | None = None
