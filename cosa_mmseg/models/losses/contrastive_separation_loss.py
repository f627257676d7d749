"""Contrastive separation loss: part foreground and background in the CAM."""

import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.dist import all_reduce
from mmengine.registry import MODELS
from torch import Tensor, nn

from cosa_mmseg.structures import CoSABatch, NetworkOutput, PseudoLabels
from cosa_mmseg.utils.dtype import promote_half

from ..ops.cam import IGNORE_INDEX
from ..ops.checks import check_choice, check_range, check_shape

EPS = 1e-6
# How far below the least possible score a partner is set that does not count:
# it adds nothing that a float32 sum could hold.
MARGIN = 40.0


def cam_vectors(cam: Tensor, img_label: Tensor, mask: Tensor) -> Tensor:
    r"""Vectors of the pixels, of length 1: ``x_i = [M_i, b] / |[M_i, b]|``.

    ``M_i`` is the CAM of the classes present in the image, ``b`` a coordinate
    for the background, ``b = sqrt(mean_i |M_i|^2 + 1e-6)``: the root mean
    square length of the image's ``M_i`` (ours, the paper's cosine is of
    ``M_i``).  Without it, the cosine with one present class is the sign of a
    product and has no gradient; and with several, a background whose maps are
    all weakly positive lies *between* the classes whatever its strength, so
    that parting it from one class drives it into another.  As ``b`` has the
    scale of the image's CAM, the cosine stays free of that scale.

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
    vectors: Tensor, label: Tensor, temperature: float, mean: str = 'anchors'
) -> Tensor:
    r"""InfoNCE over the pairs of pixels of each image.

    For an anchor i with the positives P_i (pixels of its label, without i),
    the negatives N_i (pixels of another label) and ``s_ij = x_i . x_j / t``:

    .. math::
        L_i = \frac{1}{|P_i|} \sum_{p \in P_i} -\log
        \frac{\exp s_{ip}}{\exp s_{ip} + \sum_{n \in N_i} \exp s_{in}}

    and the mean of L_i over the batch's anchors that have both; or the mean
    of the terms over all pairs (i, p) of such anchors.  No pair is across
    images (ours; the form of Wang et al., "Exploring Cross-Image Pixel
    Contrast for Semantic Segmentation", ICCV 2021).

    In distributed training, where all processes must call it, the mean of
    their losses is that over the anchors of all their batches: each sum is
    divided by the mean number of anchors of a process (ours).

    Args:
        vectors (Tensor): ``x``, of length 1, (N, P, D).
        label (Tensor): int64 (N, P), any numbers; 255 is in no pair.
        temperature (float): ``t`` > 0.
        mean (str): ``'anchors'`` or ``'pairs'``.

    Returns:
        Tensor: 0-d, at least 0; 0 with a gradient path without an anchor.
    """
    # (N, P, P) each: a row is an anchor, its columns are the partners.
    score = (vectors / temperature) @ vectors.mT
    usable = label != IGNORE_INDEX
    positive = label[:, :, None] == label[:, None, :]
    negative = ~positive & usable[:, None, :]
    positive.diagonal(dim1=1, dim2=2).fill_(False)
    # Not -inf, which makes the gradient of a row without negatives NaN.
    floor = -1 / temperature - MARGIN
    rivals = torch.where(negative, score, floor).logsumexp(2, keepdim=True)
    term = torch.where(positive, F.softplus(rivals - score), 0)
    num_positive = positive.sum(dim=2)  # (N, P)
    anchor = usable & (num_positive > 0) & negative.any(dim=2)
    num_terms = num_positive if mean == 'pairs' else num_positive.clamp(max=1)
    per_term = term.sum(dim=2) / num_positive.clamp(min=1) * num_terms
    count = (num_terms * anchor).sum().float()
    all_reduce(count, op='mean')
    return (per_term * anchor).sum() / count.clamp(min=EPS)


@MODELS.register_module()
class ContrastiveSeparationLoss(nn.Module):
    r"""Contrastive separation loss ``L_csc`` on the raw CAM.

    :func:`pixel_info_nce` on :func:`cam_vectors`, at the size of the CAM:
    pixels of one label are drawn together, pixels of different labels apart,
    the background being a label like the others, and the mean is over anchors.
    In the second reading of the paper, ``pairs='binary'``, there are two
    labels, foreground and background, and the mean is over positive pairs.
    The labels are those of the
    auxiliary CAM, which is less prone to coexisting context; only pixels that
    are sure of theirs take part, perplexity at most ``max_perplexity``
    (paper; pairs and vectors: ours).

    The loss parts and does not say which side is the foreground: that is what
    the classification loss settles, so the loss belongs after the warm-up.
    Time and memory grow with the square of the number of pixels: at 28 x 28,
    each image has tables of 784 x 784.

    Args:
        temperature (float): ``t`` > 0 (.5: paper).
        max_perplexity (float): ``eps`` > 0, pixels above it take no part (1:
            paper).
        pairs (str): ``'classes'``, or ``'binary'`` for the second reading.
        loss_weight (float): Factor of the whole, at least 0 (.1: paper).

    Raises:
        ValueError: If ``pairs`` is unknown, the temperature or
            ``max_perplexity`` not positive, or ``loss_weight`` below 0.
    """

    needs_threshold = True  # perplexity is the distance from a single one

    def __init__(
        self,
        temperature: float = 0.5,
        max_perplexity: float = 1.0,
        pairs: str = 'classes',
        loss_weight: float = 0.1,
    ) -> None:
        super().__init__()
        check_choice(('classes', 'binary'), pairs=pairs)
        check_range(
            '(0, inf)', temperature=temperature, max_perplexity=max_perplexity
        )
        check_range('[0, inf)', loss_weight=loss_weight)
        self.temperature = temperature
        self.max_perplexity = max_perplexity
        self.is_binary = pairs == 'binary'
        self.loss_weight = loss_weight

    def forward(
        self, output: NetworkOutput, pseudo: PseudoLabels, batch: CoSABatch
    ) -> Tensor:
        """Loss of a batch.

        Half precision is computed in float32, also under autocast.

        Args:
            output (NetworkOutput): Of the online network.
            pseudo (PseudoLabels): Of the assignment network.
            batch (CoSABatch): The batch.

        Returns:
            Tensor: 0-d, finite, with a gradient path, whatever takes part.

        Raises:
            ValueError: If the shapes do not fit.
        """
        cam, img_label = output.cam, batch.img_label
        check_shape([*img_label.shape, None, None], cam=cam)
        check_shape(
            (len(cam), *pseudo.cam_label_aux.shape[-2:]),
            label=pseudo.cam_label_aux,
            perplexity=pseudo.perplexity_aux,
        )
        label = self._label(pseudo)
        # 'nearest-exact' reads the middle of a patch, 'nearest' its corner.
        label = F.interpolate(
            label[:, None].float(), cam.shape[-2:], mode='nearest-exact'
        )
        label = label.flatten(1).long()  # (N, P)
        with torch.autocast(cam.device.type, enabled=False):
            vectors = cam_vectors(
                promote_half(cam), img_label, label != IGNORE_INDEX
            )
            mean = 'pairs' if self.is_binary else 'anchors'
            loss = pixel_info_nce(vectors, label, self.temperature, mean)
            return self.loss_weight * loss

    def statistics(self, pseudo: PseudoLabels) -> dict[str, Tensor]:
        """Summarise for the log which pixels may take part.

        Args:
            pseudo (PseudoLabels): Of the assignment network.

        Returns:
            dict[str, Tensor]: ``csc_share``, their share, 0-d, in [0, 1].
        """
        return dict(
            csc_share=(self._label(pseudo) != IGNORE_INDEX).float().mean()
        )

    def _label(self, pseudo: PseudoLabels) -> Tensor:
        """Auxiliary CPL, 255 unless ``P <= eps``; not for inf and NaN."""
        assert pseudo.perplexity_aux is not None  # there is a threshold
        sure = pseudo.perplexity_aux <= self.max_perplexity
        label = pseudo.cam_label_aux.masked_fill(~sure, IGNORE_INDEX)
        if self.is_binary:
            label = label.masked_fill((label > 0) & (label < IGNORE_INDEX), 1)
        return label
