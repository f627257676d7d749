"""IoU of the segmentation restricted to the true image-level labels."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.logging import print_log
from mmengine.registry import METRICS
from mmseg.evaluation import IoUMetric

from cosa_mmseg.models.ops.best_channel import best_channel

from .sample_fields import read_field


@METRICS.register_module()
class LabelFilteredIoUMetric(IoUMetric):
    """`mmseg.IoUMetric` of predictions that know the image's true labels.

    The prediction is recomputed from the segmentation logits with the classes
    that the image does not contain left out; the background always stays.
    Every key carries the suffix ``_label_filtered``: ``mIoU_label_filtered``,
    ``mAcc_label_filtered``, ``aAcc_label_filtered``.

    Source: released code, whose headline number is this one.  Report it
    beside the label-free ``mIoU``, never in its place.

    Takes the arguments of ``mmseg.IoUMetric`` but for ``output_dir``: a
    filtered prediction is not written, lest it pass for one.  Reads from each
    data sample ``seg_logits`` (K, H, W), ``gt_label`` (present foreground
    classes, from 0) and ``gt_sem_seg`` (1, H, W; 255 = ignore).

    Raises:
        ValueError: If it is to write its predictions.
    """

    def __init__(self, **kwargs: Any) -> None:
        if kwargs.get('output_dir') or kwargs.get('format_only'):
            raise ValueError(
                'LabelFilteredIoUMetric writes no predictions: they know the '
                'true labels; set output_dir for IoUMetric instead'
            )
        super().__init__(**kwargs)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count the pixels of a batch."""
        super().process(
            data_batch, [self._filter_labels(s) for s in data_samples]
        )

    def _filter_labels(self, sample: dict) -> dict:
        """Return a copy whose prediction keeps to the true labels."""
        read_field(sample, 'gt_sem_seg', 'data', self)
        logits = read_field(sample, 'seg_logits', 'data', self)
        label = read_field(sample, 'gt_label', 'label', self)
        label = label.to(logits.device)
        kept = torch.cat((label.new_zeros(1), label + 1))  # 0 = background
        pred = kept.take(best_channel(logits.index_select(0, kept))[1])
        return {**sample, 'pred_sem_seg': {'data': pred[None]}}

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return scores in percent, each name with the suffix."""
        print_log(
            'predictions filtered by the true image-level labels:', 'current'
        )
        scores = super().compute_metrics(results)
        return {
            f'{key}_label_filtered': value for key, value in scores.items()
        }
