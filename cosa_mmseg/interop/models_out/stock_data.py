"""Pipelines and data sets of an evaluation in mmseg's own types."""

from collections.abc import Sequence
from typing import Any

from mmseg.registry import DATASETS

from cosa_mmseg.datasets.image_level import ImageLabelDataset


def stock_pipeline(
    pipeline: Sequence[dict], size_divisor: int = 1
) -> list[dict]:
    """Return the steps of an evaluation, packed as mmseg does.

    Args:
        pipeline (Sequence[dict]): Of the test data set, plain data.
        size_divisor (int): Of ``test_cfg``. Where images may not have sides
            that are multiples of it, they are resized once more.

    Returns:
        list[dict]: Another pipeline.
    """
    steps = [
        dict(type='PackSegInputs')
        if step['type'].endswith('PackImageLabelInputs')
        else dict(step)
        for step in pipeline
    ]
    position = resize_position(steps)
    is_fixed = position is not None and not steps[position].get('keep_ratio')
    sides = _scale(steps[position or 0]) if is_fixed else (1, 1)
    if any(side % size_divisor for side in sides):
        after = 1 if position is None else position + 1
        steps.insert(
            after, dict(type='ResizeToMultiple', size_divisor=size_divisor)
        )
    return steps


def tta_pipeline(
    pipeline: Sequence[dict], scales: Sequence[float], mirror: bool
) -> list[dict]:
    """Return a pipeline of several views of each image, for ``SegTTAModel``.

    Args:
        pipeline (Sequence[dict]): Of :func:`stock_pipeline`.
        scales (Sequence[float]): Factors of the height and width of images as
            ``pipeline`` gives them.
        mirror (bool): Whether each scale is also seen mirrored.

    Returns:
        list[dict]: The pipeline.
    """
    position = resize_position(pipeline)
    if position is None:
        before, after = pipeline[:1], pipeline[1:]
        resizes = [
            dict(type='Resize', scale_factor=scale, keep_ratio=True)
            for scale in scales
        ]
    else:
        before, after = pipeline[:position], pipeline[position + 1 :]
        sides = _scale(pipeline[position])
        resizes = [
            dict(
                pipeline[position],
                scale=tuple(int(scale * side) for side in sides),
            )
            for scale in scales
        ]
    flips = [dict(type='RandomFlip', prob=prob) for prob in (0.0, 1.0)]
    views = [resizes, *([flips] if mirror else []), *([s] for s in after)]
    return [*before, dict(type='TestTimeAug', transforms=views)]


def stock_dataset(
    dataset: dict, pipeline: list[dict]
) -> tuple[dict, list[str]]:
    """Return a data set that reads the same files, without labels.

    Args:
        dataset (dict): Config of the test data set, plain data.
        pipeline (list[dict]): Its new pipeline.

    Returns:
        tuple[dict, list[str]]: Config of a ``BaseSegDataset`` (a data set
        that is no :class:`ImageLabelDataset` keeps its type), and what is
        different, a sentence each.
    """
    cls = DATASETS.get(dataset['type'])
    if not (isinstance(cls, type) and issubclass(cls, ImageLabelDataset)):
        return dict(dataset, pipeline=pipeline), []
    built = DATASETS.build(dict(dataset, lazy_init=True))
    notes = []
    if built.img_suffix is None:
        notes.append(
            'test_dataloader.dataset.img_suffix: BaseSegDataset knows images '
            "of one suffix only, '.jpg' was put in; set yours to score with "
            'this config'
        )
    if built.label_map is not None:
        notes.append(
            'test_dataloader.dataset: BaseSegDataset does not renumber '
            "masks, but the config's classes are some of the "
            f"{dataset['type']}'s only; renumber the masks to score with "
            'this config'
        )
    prefix: dict[str, Any] = dataset.get('data_prefix', {})
    folders = {
        key: prefix[key]
        for key in ('img_path', 'seg_map_path')
        if prefix.get(key) is not None
    }
    palette = [list(map(int, color)) for color in built.metainfo['palette']]
    config = dict(
        type='BaseSegDataset',
        data_root=dataset.get('data_root'),
        ann_file=dataset.get('ann_file', ''),
        data_prefix={'img_path': '', **folders},
        img_suffix='.jpg' if built.img_suffix is None else built.img_suffix,
        seg_map_suffix=built.seg_map_suffix,
        metainfo=dict(
            classes=list(built.metainfo['classes']), palette=palette
        ),
        pipeline=pipeline,
        test_mode=True,
    )
    return config, notes


def resize_position(pipeline: Sequence[dict]) -> int | None:
    """Return where the last resize to a size is, if there is any."""
    positions = [
        i
        for i, step in enumerate(pipeline)
        if step['type'].split('.')[-1] == 'Resize' and step.get('scale')
    ]
    return positions[-1] if positions else None


def _scale(resize: dict) -> tuple[int, int]:
    """Return width and height of a resize."""
    scale = resize['scale']
    return (scale, scale) if isinstance(scale, int) else tuple(scale)
