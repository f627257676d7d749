"""False positives of a class on its usual surroundings."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mmcv
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.registry import METRICS
from torch import Tensor

from cosa_mmseg.datasets.bad_files import BadFileError
from cosa_mmseg.models.ops.cam import IGNORE_INDEX
from cosa_mmseg.models.ops.checks import check_range

from .functional import best_class
from .sample_fields import predicted_classes, read_cams, read_field


@METRICS.register_module()
class ContextFalsePositiveMetric(BaseMetric):
    """False positives of a class on the context that it coexists with.

    Image-level labels do not tell a boat from the water that is always
    around it.  Over the background pixels that a context map marks (water),
    these keys are the share, in percent, that is predicted as the class
    (boat):

    - ``context_fp``: by the segmentation;
    - ``cam_context_fp``: by the main CAM at ``cam_threshold``, restricted to
      the classes that the model predicts, as ``cam_mIoU`` is.

    ``context_class_IoU`` is the segmentation's IoU of the class, in percent,
    over all pixels.  A key whose pixels do not occur is NaN.

    Reads from each data sample ``img_id``, ``gt_sem_seg`` and
    ``pred_sem_seg`` (1, H, W), and for the CAM ``pred_cam`` (C, H, W) in
    [0, 1] and ``pred_label`` with ``score`` (C,) in [0, 1].

    Args:
        context_dir: Folder of the context maps, ``<img_id>.png``: one uint8
            index a pixel, of the size of the image.
        context_id: The index of the context.
        class_name: The class that coexists with it.
        cam_threshold: Where the CAM becomes a label map, in (0, 1]; None for
            a model without CAM, which then gets no ``cam_context_fp``.
        **kwargs: ``collect_device``, ``prefix``, ``collect_dir`` of
            ``mmengine.evaluator.BaseMetric``.

    Raises:
        ValueError: If ``cam_threshold`` is outside (0, 1].
    """

    def __init__(
        self,
        context_dir: str,
        context_id: int,
        class_name: str,
        cam_threshold: float | None = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_range('(0, 1]', cam_threshold=cam_threshold)
        self.context_dir = Path(context_dir)
        self.context_id = context_id
        self.class_name = class_name
        self.cam_threshold = cam_threshold
        self.results: list[Tensor] = []  # one an image, see `_count`

    @property
    def class_id(self) -> int:
        """int: Segmentation id of the class.

        Raises:
            ValueError: If the data set has no such foreground class.
        """
        classes = self.dataset_meta['classes']
        if self.class_name not in classes[1:]:
            raise ValueError(
                f'ContextFalsePositiveMetric: class_name={self.class_name!r} '
                'is none of the foreground classes '
                f'{", ".join(classes[1:])}'
            )
        return classes.index(self.class_name)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Count the pixels of a batch of images."""
        self.results += [self._count(sample) for sample in data_samples]

    def _count(self, sample: dict) -> Tensor:
        """Return pixels of one image, (5,) int64 on the CPU.

        Those of the context; of these, taken for the class by the
        segmentation and by the CAM; intersection and union of the class.
        """
        pred = read_field(sample, 'pred_sem_seg', 'data', self)[0]
        gt = read_field(sample, 'gt_sem_seg', 'data', self)[0].to(pred.device)
        evaluated = gt != IGNORE_INDEX
        found = (pred == self.class_id) & evaluated
        true = gt == self.class_id
        context = self._context(sample, gt.shape).to(pred.device) & (gt == 0)
        cam = self._cam_found(sample, gt.shape).to(pred.device) & context
        maps = (context, found & context, cam, found & true, found | true)
        return torch.stack([pixels.sum() for pixels in maps]).cpu()

    def _context(self, sample: dict, size: torch.Size) -> Tensor:
        """Return where the context map shows the context, (H, W) bool.

        Raises:
            BadFileError: If the map is not there or is no index map of the
                size of the image.
            ValueError: If the image has no id.
        """
        if 'img_id' not in sample:
            raise ValueError(
                'ContextFalsePositiveMetric needs `img_id`: end the data '
                'pipeline with PackImageLabelInputs'
            )
        path = self.context_dir / f'{sample["img_id"]}.png'
        if not path.is_file():
            raise BadFileError(
                f'ContextFalsePositiveMetric: no context map {path}; '
                'context_dir must hold one for each evaluated image'
            )
        indices = mmcv.imread(path, 'unchanged', backend='pillow')
        if indices.shape != size:
            raise BadFileError(
                f'the context map {path} is {indices.shape}, but must be one '
                f'index a pixel of the image, {tuple(size)}'
            )
        return torch.from_numpy(indices == self.context_id)

    def _cam_found(self, sample: dict, size: torch.Size) -> Tensor:
        """Return where the CAM, if any, shows the class, (H, W) bool."""
        if self.cam_threshold is None:
            return torch.zeros((), dtype=torch.bool)
        label = predicted_classes(sample, self)
        cams = read_cams(sample, 'pred_cam', label, (None, *size), self)
        value, class_id = best_class(cams, label)
        return (class_id == self.class_id) & (value >= self.cam_threshold)

    def compute_metrics(self, results: list[Tensor]) -> dict[str, float]:
        """Return percentages from the counts of all images."""
        if not results:
            raise ValueError('ContextFalsePositiveMetric has seen no image')
        context, seg, cam, intersection, union = torch.stack(results).sum(0)
        if not context:
            print_log(
                f'no background pixel of the {len(results)} images has '
                f'context_id={self.context_id} in {self.context_dir}: the '
                'false positives on it are NaN',
                'current',
                level=logging.WARNING,
            )
        scores = {'context_fp': _percent(seg, context)}
        if self.cam_threshold is not None:
            scores['cam_context_fp'] = _percent(cam, context)
        scores['context_class_IoU'] = _percent(intersection, union)
        return scores


def _percent(part: Tensor, whole: Tensor) -> float:
    """Return 100 * part / whole to two decimals; NaN where the whole is 0."""
    return round(100 * float(part.double() / whole.double()), 2)
