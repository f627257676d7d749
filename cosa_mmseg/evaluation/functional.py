"""Scores of label maps and of class scores, as functions of tensors."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

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
    pred, gt = pred[counted].long(), gt[counted].long()
    for name, ids in (('prediction', pred), ('truth', gt)):
        check_class_ids(ids, num_classes, name)
    counts = torch.bincount(gt * num_classes + pred, minlength=num_classes**2)
    return counts.view(num_classes, num_classes)


def check_class_ids(ids: Tensor, num_classes: int, name: str) -> None:
    """Refuse class ids outside [0, num_classes).

    Raises:
        ValueError: Naming the map and the range of ids that it holds.
    """
    if len(ids) and (ids.min() < 0 or ids.max() >= num_classes):
        raise ValueError(
            f'the {name} holds ids {int(ids.min())} to {int(ids.max())}, but '
            f'{num_classes} classes allow 0 to {num_classes - 1}; check that '
            "the masks' ids are those of the dataset's `classes`"
        )


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


def best_class(cam: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Return the class of the highest CAM value at each pixel.

    Args:
        cam: (C, H, W) in [0, 1].
        label: Foreground classes that count, counted from 0, (n,).

    Returns:
        The value, (H, W), at least float32, and the segmentation id, in
        [1, C].  Where no class counts the value is 0, which no threshold is
        as low as.
    """
    if not len(label):
        value = cam.new_zeros(cam.shape[1:], dtype=torch.float32)
        return value, torch.ones_like(value, dtype=torch.long)
    label = label.to(cam.device)
    value, index = cam[label].float().max(0)
    return value, label[index] + 1


def sweep_areas(
    score: Tensor,
    class_id: Tensor,
    gt: Tensor,
    thresholds: Tensor,
    num_classes: int,
) -> Tensor:
    """Count pixels per class at every threshold, in one pass over the pixels.

    At threshold t a pixel is predicted as ``class_id`` where ``score >= t``
    and as background (0) elsewhere.  Instead of one label map a threshold,
    pixels are counted by the number of thresholds that they pass; cumulative
    sums of these counts are the areas.

    Args:
        score: (H, W) confidence of the best foreground class, in [0, 1].
        class_id: (H, W) that class, in [1, K).
        gt: (H, W) true class ids in [0, K), or 255.
        thresholds: (T,) ascending.
        num_classes: K, the background included.

    Returns:
        (T, 3, K) int64: intersection, predicted area, true area, as
        `segmentation_scores` takes them.
    """
    counted = gt != IGNORE_INDEX
    score, class_id, gt = score[counted], class_id[counted], gt[counted].long()
    check_class_ids(gt, num_classes, 'truth')

    # passes n thresholds = is foreground at the first n of them
    passed = torch.bucketize(score, thresholds.to(score), right=True)
    shape = (len(thresholds) + 1, num_classes)
    hit = class_id == gt
    intersection = _tail(_count(passed[hit], class_id[hit], shape))
    predicted = _tail(_count(passed, class_id, shape))
    true = torch.bincount(gt, minlength=num_classes)

    # the rest is predicted as background
    true_background = _count(passed, gt, shape)[:, 0]
    intersection[:, 0] = true_background.cumsum(0)[:-1]
    predicted[:, 0] = len(gt) - predicted.sum(1)
    return torch.stack((intersection, predicted, true.expand_as(predicted)), 1)


def _count(passed: Tensor, class_id: Tensor, shape: tuple) -> Tensor:
    """Return (T + 1, K) numbers of pixels by thresholds passed and class."""
    index = passed * shape[1] + class_id
    return torch.bincount(index, minlength=shape[0] * shape[1]).view(shape)


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
