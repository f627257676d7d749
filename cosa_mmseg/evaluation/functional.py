"""Scores of label maps and of class scores, as functions of tensors."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from cosa_mmseg.models.ops.best_channel import best_channel
from cosa_mmseg.models.ops.cam import IGNORE_INDEX
from cosa_mmseg.models.ops.checks import check_shape


class SegmentationScores(NamedTuple):
    """Scores of a set of label maps, as fractions.

    Attributes:
        iou: (K,) intersection over union of each class; NaN where a class is
            neither true nor predicted anywhere.
        miou: Mean IoU over the classes that have a true pixel.  A class that
            is only ever predicted has an IoU of 0 and does not count here,
            whereas ``mmseg.IoUMetric`` counts it; the two agree on splits
            that show every class.
    """

    iou: np.ndarray
    miou: float


def confusion_matrix(pred: Tensor, gt: Tensor, num_classes: int) -> Tensor:
    """Count pixels by their true and their predicted class.

    A pixel that is ignored (255) in either map is left out: in a mask it has
    no truth, in a pseudo label it makes no claim.

    Args:
        pred: Predicted class ids, any shape, integer.
        gt: True class ids, same shape.
        num_classes: K, the background included.

    Returns:
        (K, K) int64; row = true class, column = predicted class.

    Raises:
        ValueError: If the shapes differ or an id is outside [0, K).
    """
    check_shape(gt.shape, prediction=pred)
    counted = (gt != IGNORE_INDEX) & (pred != IGNORE_INDEX)
    pred = _checked_ids(pred, counted, num_classes, 'prediction')
    gt = _checked_ids(gt, counted, num_classes, 'truth')
    return _count_pairs(gt, pred, num_classes, num_classes)


def _checked_ids(
    ids: Tensor, counted: Tensor, num_classes: int, name: str
) -> Tensor:
    """Return class ids as int32, with K where pixels do not count.

    Raises:
        ValueError: If others are outside [0, K); naming the map and the range
            of ids that it holds.
    """
    if (counted & ((ids < 0) | (ids >= num_classes))).any():
        ids = ids[counted]
        raise ValueError(
            f'the {name} holds ids {int(ids.min())} to {int(ids.max())}, but '
            f'{num_classes} classes allow 0 to {num_classes - 1}; check that '
            "the masks' ids are those of the dataset's `classes`"
        )
    # to leave pixels out by a boolean index takes most of the time
    return torch.where(counted, ids.int(), num_classes)


def _count_pairs(
    first: Tensor, second: Tensor, num_first: int, num_second: int
) -> Tensor:
    """Count pixels by two ids, the last of which do not count, int64."""
    num_pairs = (num_first + 1) * (num_second + 1)
    pair = (first * (num_second + 1) + second).flatten()
    counts = torch.bincount(pair, minlength=num_pairs)
    return counts.view(num_first + 1, num_second + 1)[:-1, :-1]


def segmentation_scores(
    intersection: Tensor, pred_area: Tensor, gt_area: Tensor
) -> SegmentationScores:
    """Return scores from pixel counts of the classes.

    From a confusion matrix M these are ``M.diag()``, ``M.sum(0)`` and
    ``M.sum(1)``.

    Args:
        intersection: (K,) pixels of each class that are predicted as it.
        pred_area: (K,) pixels predicted as each class.
        gt_area: (K,) pixels that truly are of each class.

    Returns:
        The scores; NaN where there is nothing to score.
    """
    hit, predicted, true = (
        area.cpu().numpy().astype(np.float64)
        for area in (intersection, pred_area, gt_area)
    )
    with np.errstate(invalid='ignore'):
        iou = hit / (predicted + true - hit)
    present = iou[true > 0]
    miou = float(present.mean()) if present.size else float('nan')
    return SegmentationScores(iou, miou)


def best_class(cams: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Return the class of the highest CAM value at each pixel.

    Args:
        cams: Those of n foreground classes, (n, H, W) in [0, 1].
        label: The classes, counted from 0, (n,).

    Returns:
        The value, float32 (H, W), and the segmentation id, in [1, C].  Where
        there is no class the value is 0, which no threshold is as low as.
    """
    if not len(label):
        value = cams.new_zeros(cams.shape[1:], dtype=torch.float32)
        return value, torch.ones_like(value, dtype=torch.long)
    value, index = best_channel(cams.float())
    return value, label.to(cams.device).take(index) + 1


def sweep_areas(
    best: Sequence[tuple[Tensor, Tensor]],
    gt: Tensor,
    thresholds: Tensor,
    num_classes: int,
) -> Tensor:
    """Count pixels per class at every threshold, in one pass over the pixels.

    At threshold t a pixel is predicted as the best foreground class where its
    value is >= t and as background (0) elsewhere.  Instead of one label map a
    threshold, pixels are counted by the number of thresholds that they pass;
    cumulative sums of these counts are the areas.

    Args:
        best: For each of M maps of the image what `best_class` returns: value
            and class in [1, K), each (H, W).
        gt: (H, W) true class ids in [0, K), or 255.
        thresholds: (T,) ascending, T at most 255.
        num_classes: K, the background included.

    Returns:
        (M, T, 3, K) int64 on the CPU: intersection, predicted area, true
        area, as `segmentation_scores` takes them.
    """
    gt = gt.cpu()
    gt = _checked_ids(gt, gt != IGNORE_INDEX, num_classes, 'truth')
    return torch.stack(
        [
            _areas(value.cpu(), class_id.cpu(), gt, thresholds, num_classes)
            for value, class_id in best
        ]
    )


def _areas(
    value: Tensor,
    class_id: Tensor,
    gt: Tensor,
    thresholds: Tensor,
    num_classes: int,
) -> Tensor:
    """Return the (T, 3, K) areas of one map; in ``gt`` K is not counted."""
    # passes n thresholds = is foreground at the first n of them
    passed = np.full(value.shape, len(thresholds), np.uint8)
    for threshold in thresholds.to(value).numpy():
        passed -= value.numpy() < threshold
    num_passed = len(thresholds) + 1
    pairs = _count_pairs(
        torch.from_numpy(passed).int() * num_classes + class_id.int(),
        gt,
        num_passed * num_classes,
        num_classes,
    ).unflatten(0, (num_passed, num_classes))
    intersection = _tail(pairs.diagonal(dim1=1, dim2=2))
    predicted = _tail(pairs.sum(2))
    by_truth = pairs.sum(1)
    true = by_truth.sum(0)

    # the rest is predicted as background
    intersection[:, 0] = by_truth[:, 0].cumsum(0)[:-1]
    predicted[:, 0] = true.sum() - predicted.sum(1)
    return torch.stack((intersection, predicted, true.expand_as(predicted)), 1)


def _tail(counts: Tensor) -> Tensor:
    """Return (T, K) pixels that pass the t-th threshold of (T + 1, K)."""
    return counts.flip(0).cumsum(0).flip(0)[1:]


def image_average_precision(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the average precision of each image's ranking of the classes.

    AP = mean over the present classes i of
    ``#{present j: s_j >= s_i} / #{j: s_j >= s_i}``.

    Args:
        scores: (N, C) class scores, logits or probabilities.
        labels: (N, C) image-level labels, 0 or 1.

    Returns:
        (M,) float64 in (0, 1], one for each of the M <= N images that have a
        label, in their order.

    Raises:
        ValueError: If the two are not of one (N, C) shape.
    """
    check_shape([None, None], scores=scores)
    check_shape(scores.shape, labels=labels)
    present = labels > 0
    # (N, C, C): class j is ranked no lower than class i
    above = scores[:, None, :] >= scores[:, :, None]
    precision = (above & present[:, None, :]).sum(2).double() / above.sum(2)
    num_present = present.sum(1)
    average = (precision * present).sum(1) / num_present
    return average[num_present > 0]
