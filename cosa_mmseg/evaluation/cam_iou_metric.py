"""IoU of class activation maps over a sweep of thresholds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_dist_info, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.registry import METRICS
from torch import Tensor

from cosa_mmseg.models.ops.checks import check_range

from .cam_sweep import STYLES, CAMSweep
from .functional import best_class, segmentation_scores, sweep_areas
from .sample_fields import predicted_classes, read_cams, read_field

SWEEP = tuple(round(0.05 * step, 2) for step in range(1, 20))
KEYS = tuple(STYLES)


@METRICS.register_module()
class CAMIoUMetric(BaseMetric):
    """mIoU of the main and the auxiliary CAM, thresholded to label maps.

    At threshold t a pixel is the class of the highest CAM value among the
    classes kept where that value is >= t, and background elsewhere.  Kept are
    either the classes the model predicts (label-free) or the image's true
    labels (``_label_filtered``).  For each of the four combinations, named in
    `KEYS`, three numbers are reported: ``<key>`` at the fixed threshold,
    ``<key>_best`` over the sweep, and ``<key>_best_threshold``.  mIoU as in
    `SegmentationScores`, in percent.

    Reads from each data sample ``pred_cam`` and ``pred_cam_aux`` (C, H, W) in
    [0, 1], not filtered by labels; ``pred_label`` with ``score`` (C,) in
    [0, 1]; ``gt_label`` (present foreground classes, from 0); ``gt_sem_seg``
    (1, H, W; 255 = ignore).

    Memory does not grow with the number of images: each process keeps one sum
    of areas, and those of its last image apart, for that image is a repeated
    one where the sampler rounds up to equal shares.

    Args:
        fixed_threshold: Where ``<key>`` is taken, in (0, 1]; joins the sweep.
        out_dir: Folder for the sweep: ``cam_sweep.csv``, which also has each
            class's IoU, and ``cam_sweep.png``, a plot. None: only logged.
        **kwargs: ``collect_device``, ``prefix``, ``collect_dir`` of
            ``mmengine.evaluator.BaseMetric``.

    Raises:
        ValueError: If the threshold is outside (0, 1].
    """

    def __init__(
        self,
        fixed_threshold: float = 0.5,
        out_dir: str | Path | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_range('(0, 1]', fixed_threshold=fixed_threshold)
        self.thresholds = sorted({*SWEEP, fixed_threshold})
        self.fixed_threshold = fixed_threshold
        self.out_dir = None if out_dir is None else Path(out_dir)
        if self.out_dir and is_main_process():  # now, not after hours
            self.out_dir.mkdir(parents=True, exist_ok=True)
        self.results: list[Any] = []  # 0 or areas, see `process`
        self._num_images = 0

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Add the areas of a batch of images to the sum."""
        for sample in data_samples:
            # [all images before the last, the last image]
            self.results = [sum(self.results), self._image_areas(sample)]
            self._num_images += 1

    def _image_areas(self, sample: dict) -> Tensor:
        """Return the areas of one image, int64 (4 of `KEYS`, T, 3, K)."""
        gt = read_field(sample, 'gt_sem_seg', 'data', self)[0]
        true_label = read_field(sample, 'gt_label', 'label', self).cpu()
        labels = [predicted_classes(sample, self).cpu(), true_label]
        classes = torch.cat(labels).unique()
        num_classes = len(self.dataset_meta['classes'])
        best = []
        for name in ('pred_cam', 'pred_cam_aux'):
            shape = (num_classes - 1, *gt.shape)
            cams = read_cams(sample, name, classes, shape, self)
            for label in labels:
                own = torch.searchsorted(classes, label).to(cams.device)
                best.append(best_class(cams.index_select(0, own), label))
        thresholds = torch.tensor(self.thresholds)
        return sweep_areas(best, gt, thresholds, num_classes)

    def evaluate(self, size: int) -> dict[str, float]:
        """Return the scores of all processes' images, each image counted once.

        ``mmengine.dataset.DefaultSampler`` deals the images out in turn and
        repeats the first ones until all processes have as many; so only the
        last image of a process can be a repeated one.

        Args:
            size: Number of images of the dataset.
        """
        rank, world_size = get_dist_info()
        if (self._num_images - 1) * world_size + rank >= size:
            self.results.pop()
        self.results = [sum(self.results)]
        self._num_images = 0
        return super().evaluate(size)

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Return scores from the sums of all processes; log the sweep."""
        areas = sum(results)
        if not isinstance(areas, Tensor):
            raise ValueError('CAMIoUMetric has seen no image')
        scores = {
            key: [segmentation_scores(*at_threshold) for at_threshold in sweep]
            for key, sweep in zip(KEYS, areas, strict=True)
        }
        sweep = CAMSweep(
            self.thresholds,
            self.fixed_threshold,
            {k: _percent([s.miou for s in row]) for k, row in scores.items()},
            {k: _percent([s.iou for s in row]) for k, row in scores.items()},
        )
        print_log(f'CAM by threshold:\n{sweep.table()}', 'current')
        if self.out_dir:
            classes = self.dataset_meta['classes']
            sweep.write_csv(self.out_dir / 'cam_sweep.csv', classes)
            sweep.plot(self.out_dir / 'cam_sweep.png')
        return sweep.summary()


def _percent(fractions: Sequence) -> np.ndarray:
    """Return numbers in percent, to two decimals."""
    return np.round(100 * np.array(fractions), 2)
