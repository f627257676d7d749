"""Contrastive separation loss: pull foreground and background CAM apart."""

import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.models.pseudo_labels.cam import IGNORE_INDEX, check_labels
from cosa_mmseg.utils.dtype import promote_half

EPS = 1e-6


def cam_vectors(cam: Tensor, img_label: Tensor, mask: Tensor) -> Tensor:
    r"""Unit vectors of the pixels, whose dot product is the similarity.

    ``x_i = v_i / |v_i|`` with ``v_i = [M_i, b]``: the CAM of the present
    classes and one coordinate ``b = sqrt(mean_i |M_i|^2 + 1e-6)`` that stands
    for the background, the root mean square length of the image's ``M_i``
    (ours).  Without ``b`` the similarity, the cosine of the ``M_i`` alone, is
    the sign of a product and has no gradient where one class is present; and
    with several, a background whose maps are weak but positive points between
    the classes whatever its strength.  As ``b`` follows the scale of the
    image's CAM, the similarity stays free of it, and no vector is zero.

    Args:
        cam (Tensor): Raw CAM ``M``, (N, C, h, w), at least float32.
        img_label (Tensor): Multi-hot image-level labels, (N, C).
        mask (Tensor): True at the pixels of the mean, (N, P), P = h * w.

    Returns:
        Tensor: ``x``, (N, P, C + 1); 0 in the channels of absent classes.
    """
    absent = (img_label == 0)[:, :, None, None]
    vectors = cam.masked_fill(absent, 0).flatten(2).mT  # (N, P, C)
    power = vectors.square().sum(dim=2) * mask  # (N, P)
    mean = power.sum(dim=1) / mask.sum(dim=1).clamp(min=1)
    background = (mean + EPS).sqrt()[:, None, None]
    background = background.expand(-1, vectors.shape[1], 1)
    return F.normalize(torch.cat([vectors, background], dim=2), dim=2)


def pixel_info_nce(
    vectors: Tensor, label: Tensor, temperature: float
) -> Tensor:
    r"""InfoNCE over all pairs of pixels within an image.

    For an anchor i with positives P_i (its label, i left out) and negatives
    N_i (another label), ``s_ij = x_i . x_j / t``:

    .. math::
        L_i = \frac{1}{|P_i|} \sum_{p \in P_i} -\log
        \frac{\exp s_{ip}}{\exp s_{ip} + \sum_{n \in N_i} \exp s_{in}}

    The loss is the mean of L_i over the batch's anchors that have both.

    Args:
        vectors (Tensor): Unit vectors ``x``, (N, P, D).
        label (Tensor): Label of each pixel, int64 (N, P); 255 is in no pair.
        temperature (float): ``t`` > 0.

    Returns:
        Tensor: 0-d, at least 0; 0 with a gradient path where no anchor is.
    """
    # (N, P, P) from here: rows are anchors, columns their partners
    score = vectors @ vectors.mT / temperature
    usable = label != IGNORE_INDEX
    same = label[:, :, None] == label[:, None, :]
    negative = ~same & usable[:, None, :]
    positive = same & usable[:, None, :]
    positive.diagonal(dim1=1, dim2=2).fill_(False)
    # The lowest finite number: -inf makes NaN of an empty row's gradient.
    lowest = torch.finfo(score.dtype).min
    against = score.masked_fill(~negative, lowest).logsumexp(2, keepdim=True)
    term = F.softplus(against - score) * positive
    num_positive = positive.sum(dim=2)
    anchor = usable & (num_positive > 0) & negative.any(dim=2)  # (N, P)
    per_anchor = term.sum(dim=2) / num_positive.clamp(min=1)
    return (per_anchor * anchor).sum() / anchor.sum().clamp(min=1)
