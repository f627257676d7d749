"""What in the lists and labels of data sets is likely a mistake."""

import logging
from collections.abc import Iterator
from itertools import chain
from typing import Any

from mmseg.datasets import BaseSegDataset

from .label_rows import ImageLabels
from .label_warnings import label_warnings
from .mask_agreement import compare_masks, read_masks

Finding = tuple[int, str]  # level of the log, sentence
MASKS_AT_START = 50


def parts_of(dataset: Any) -> Iterator[Any]:
    """The data sets in mmengine's wrappers, which have no pipeline."""
    if hasattr(dataset, 'datasets'):  # ConcatDataset
        for part in dataset.datasets:
            yield from parts_of(part)
    elif hasattr(dataset, 'dataset'):  # RepeatDataset, ClassBalancedDataset
        yield from parts_of(dataset.dataset)
    else:
        yield dataset


def _infos(dataset: Any) -> Iterator[dict]:
    """The samples of the data sets of mmseg, before their pipelines."""
    for part in parts_of(dataset):
        if isinstance(part, BaseSegDataset):
            yield from map(part.get_data_info, range(len(part)))


def find_in_labels(dataset: Any) -> list[Finding]:
    """Find what is likely a mistake in image-level labels.

    Args:
        dataset: Training set, or a wrapper of some.
    """
    names: dict[str, list[str]] = {}
    for number, info in enumerate(_infos(dataset)):
        if 'gt_label' not in info:
            return []
        classes = dataset.metainfo['classes'][1:]
        names[str(number)] = [classes[id_] for id_ in info['gt_label']]
    if not names:
        return []
    notes = chain(*(getattr(p, 'label_notes', ()) for p in parts_of(dataset)))
    labels = ImageLabels('', tuple(classes), names, {}, tuple(notes))
    return [(logging.WARNING, text) for text in label_warnings(labels)]


def find_in_masks(
    dataset: Any, max_masks: int = MASKS_AT_START
) -> list[Finding]:
    """Compare masks with image-level labels, see :func:`compare_masks`.

    Args:
        dataset: Evaluation set, or a wrapper of some.
        max_masks: How many masks of a set are read, evenly spread.

    Raises:
        BadFileError: A score from the masks would mean nothing.
    """
    found = []
    for part in parts_of(dataset):
        if isinstance(part, BaseSegDataset):
            masks = read_masks(part, max_masks)
            found += compare_masks(masks, part, len(part))
    return found


def count_shared(train: Any, scored: Any) -> int:
    """Count the images that are scored and trained with.

    Args:
        train: Training set, or a wrapper of some.
        scored: Evaluation set, likewise.
    """
    paths = {info['img_path'] for info in _infos(train)}
    return len({info['img_path'] for info in _infos(scored)} & paths)


def describe_shared(shared: int, number: int) -> str:
    """Say how many of the scored images are trained with.

    Args:
        shared: Of :func:`count_shared`.
        number: Number of scored images.
    """
    return (
        f'{shared} of the {number} images that are scored are trained with: '
        'their scores do not say how well other images are segmented; name '
        "others in the list of the evaluation (of one's own data, `test_list`)"
    )


def find_shared(train: Any, scored: Any) -> list[Finding]:
    """Find images that are scored and trained with.

    Args:
        train: As of :func:`count_shared`.
        scored: Likewise.
    """
    shared = count_shared(train, scored)
    if not shared:
        return []
    return [(logging.WARNING, describe_shared(shared, len(scored)))]


def find_in_data(train: Any, scored: Any) -> list[Finding]:
    """Find what is likely a mistake before a training begins.

    Args:
        train: Training set, or a wrapper of some.
        scored: Set of the validation, likewise; None: there is none.

    Raises:
        BadFileError: As :func:`find_in_masks`.
    """
    found = find_in_labels(train)
    if scored is not None:
        found += find_shared(train, scored) + find_in_masks(scored)
    return found
