"""Scores of the image-level classification."""

from collections.abc import Sequence

import torch
from mmengine.registry import METRICS
from mmpretrain.evaluation import AveragePrecision

from .functional import image_average_precision
from .sample_fields import read_field


@METRICS.register_module()
class ClassificationMetric(AveragePrecision):
    """Mean average precision of the image-level class scores, in percent.

    - ``cls_mAP``: each class ranks the images; average precision as
      ``mmpretrain.AveragePrecision`` computes it, mean over the classes that
      an image shows (that metric counts the others as 0; the two agree on
      splits that show every class).
    - ``cls_image_mAP``: each image ranks the classes; mean over the images
      that show a class (released code).

    A key without anything to rank is NaN.  Reads from each data sample
    ``pred_label`` with ``score`` (C,) and ``gt_label`` (present foreground
    classes, from 0); keeps these 2 C numbers of each image.

    Args:
        collect_device: As of ``mmengine.evaluator.BaseMetric``.
        prefix: Likewise.
    """

    default_prefix = None

    def __init__(
        self, collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(None, collect_device, prefix)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep scores and labels of a batch."""
        super().process(data_batch, [self._fields(s) for s in data_samples])

    def _fields(self, sample: dict) -> dict:
        """Return scores (C,) and labels under mmpretrain's names."""
        score = read_field(sample, 'pred_label', 'score', self)
        label = read_field(sample, 'gt_label', 'label', self)
        return dict(pred_score=score.float().cpu(), gt_label=label.cpu())

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return both scores from all images."""
        scores = torch.stack([image['pred_score'] for image in results])
        labels = torch.stack([image['gt_score'] for image in results])
        precision = self.calculate(scores, labels, average=None)  # (C,), %
        by_image = image_average_precision(scores, labels)
        return {
            'cls_mAP': _rounded_mean(precision[labels.any(dim=0)]),
            'cls_image_mAP': _rounded_mean(100 * by_image),
        }


def _rounded_mean(values: torch.Tensor) -> float:
    """Return the mean to two decimals; NaN of nothing."""
    return round(values.double().mean().item(), 2)
