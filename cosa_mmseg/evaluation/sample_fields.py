"""Reading what a metric needs from a data sample, with a clear refusal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from cosa_mmseg.datasets.bad_files import BadFileError
from cosa_mmseg.models.ops.checks import check_shape
from cosa_mmseg.structures import ResizedMaps

_WITH_CAM = 'set model.test_cfg.with_cam=True in the config'
_DROP = 'set model.test_cfg.cam_drop=True in the config'
_ADVICE = {
    'gt_sem_seg': (
        'the split has no masks: evaluate on one that has, or leave this '
        'metric out of the evaluator'
    ),
    'gt_label': (
        'its image-level labels are not known: add them to the label file and '
        'pack them with PackImageLabelInputs, or leave this metric out of the '
        'evaluator'
    ),
    'pred_cam': _WITH_CAM,
    'pred_cam_aux': _WITH_CAM,
    'pred_cam_drop': _DROP,
    'pred_cam_aux_drop': _DROP,
    'pred_label': _WITH_CAM,
}


def read_field(sample: dict, name: str, key: str, metric: object) -> Tensor:
    """Return the tensor ``sample[name][key]``.

    Args:
        sample: A data sample as a dict, as mmengine hands it to metrics.
        name: Name of the field, e.g. ``gt_sem_seg``.
        key: Name of the tensor in the field, e.g. ``data``.
        metric: The asking metric, for the message.

    Raises:
        BadFileError: If the truth of the image, ``gt_...``, is not there; one
            sentence with the metric, the image, and what to do.
        ValueError: Likewise, if a prediction is not.
    """
    field: dict[str, Any] | None = sample.get(name)
    if field is None:
        image = Path(sample.get('img_path') or 'unnamed').stem
        advice = _ADVICE.get(name, 'the model must predict it')
        kind = BadFileError if name.startswith('gt_') else ValueError
        raise kind(
            f'{type(metric).__name__} needs `{name}`, which image {image!r} '
            f'does not have; {advice}.'
        )
    return field[key]


def read_cams(
    sample: dict,
    name: str,
    classes: Tensor,
    shape: Sequence[int | None],
    metric: object,
) -> Tensor:
    """Return the CAMs of some classes at the size of the mask, (n, H, W).

    Args:
        sample: With the field ``name``: :class:`ResizedMaps`, or whole maps
            as ``data``.
        name: ``pred_cam`` or ``pred_cam_aux``.
        classes: Foreground classes, counted from 0, (n,).
        shape: (C, H, W) that all maps together must have; None: any.
        metric: The asking metric, for the message.

    Raises:
        ValueError: If they are not there or have another shape.
    """
    cams = sample.get(name)
    if not isinstance(cams, ResizedMaps):
        cams = read_field(sample, name, 'data', metric)
        cams = ResizedMaps(cams, tuple(cams.shape[1:]))
    check_shape(shape, cam=cams)
    return cams.of_classes(classes.to(cams.maps.device))


def predicted_classes(sample: dict, metric: object) -> Tensor:
    """Return the foreground classes that a model predicts, from 0, (n,).

    Args:
        sample: With ``pred_label``, whose ``score`` (C,) is in [0, 1].
        metric: The asking metric, for the message.
    """
    score = read_field(sample, 'pred_label', 'score', metric)
    return (score > 0.5).nonzero()[:, 0]
