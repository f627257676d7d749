"""What in the lists and labels of data sets is likely a mistake."""

import logging
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, permutations
from typing import Any

import numpy as np
from mmseg.datasets import BaseSegDataset
from scipy.sparse import csr_array

from .class_names import find_blanks
from .label_rows import ImageLabels
from .mask_agreement import compare_masks, read_masks

Finding = tuple[int, str]  # level of the log, sentence
MASKS_AT_START = 50
LONGEST = 10  # entries of the longest list in a sentence
# Words for what is not known, or not there; `none` and the like are no class
_NO_CLASS = re.compile(
    r'unknown|unlabell?ed|unsure|\?|empty|negative|nothing|ignore|skip|todo|tbd'
    r'|bg|void|\.|no( label| object| class)?'
)


def parts_of(dataset: Any) -> Iterator[Any]:
    """Yield the data sets in mmengine's wrappers, which have no pipeline."""
    if hasattr(dataset, 'datasets'):  # ConcatDataset
        for part in dataset.datasets:
            yield from parts_of(part)
    elif hasattr(dataset, 'dataset'):  # RepeatDataset, ClassBalancedDataset
        yield from parts_of(dataset.dataset)
    else:
        yield dataset


def _infos(dataset: Any) -> Iterator[dict]:
    """Yield the samples of the data sets of mmseg, before their pipelines."""
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
            total = sum('seg_map_path' in info for info in _infos(part))
            masks = read_masks(part, max_masks)
            found += compare_masks(masks, part, total)
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
    # those that are trained with are few, and each counts
    found = find_in_labels(train) + find_in_masks(train, sys.maxsize)
    if scored is not None:
        found += find_shared(train, scored) + find_in_masks(scored)
    return found


def count_together(labels: ImageLabels) -> np.ndarray:
    """Return how many images show both of two classes.

    Args:
        labels: Labels of C classes.

    Returns:
        np.ndarray: (C, C), int64, in the order of ``labels.classes``; the
        diagonal counts the images of each class.
    """
    ids = {name: number for number, name in enumerate(labels.classes)}
    columns = [ids[n] for names in labels.names.values() for n in names]
    ends = np.cumsum([0, *map(len, labels.names.values())])
    shown = csr_array(
        (np.ones(len(columns), np.int64), columns, ends),
        shape=(len(labels.names), len(ids)),
    )
    return (shown.T @ shown).toarray()


def find_inseparable(
    labels: ImageLabels, together: np.ndarray
) -> list[tuple[str, str]]:
    """Return pairs of classes of which the first is never without the second.

    No label tells the one from the other.

    Args:
        labels: The labels.
        together: Of :func:`count_together`.
    """
    ids = {name: number for number, name in enumerate(labels.classes)}
    count = together.diagonal()
    return [
        (a, b)
        for a, b in permutations(ids, 2)
        if 0 < count[ids[a]] == together[ids[a], ids[b]]
    ]


def label_warnings(labels: ImageLabels) -> list[str]:
    """Return sentences on what is likely a mistake.

    Args:
        labels: Labels of the images of interest, such as those trained with.
    """
    together = count_together(labels)
    counts = dict(zip(labels.classes, together.diagonal(), strict=True))
    shown = [name for name, count in counts.items() if count]
    total = len(labels.names)
    found = {
        'no image shows {}': [name for name in counts if not counts[name]],
        f'every one of the {total} images shows {{}}: nothing tells that '
        'class from the background, so that the whole image may pass for it; '
        'add images without it, with an empty label where they show no other '
        'class': [name for name in shown if counts[name] == total],
        'names with a character that may stand between classes (--separator, '
        '`label_separator`): {}': [n for n in shown if {*',;|'} & {*n}],
        'names that are made of words of others: {}; is each one class, or '
        'several (--separator, `label_separator`)?': find_blanks(shown),
        'names that are hardly those of classes, but count as such (an image '
        'without a class has an empty label): {}': [
            name for name in shown if _NO_CLASS.fullmatch(name.lower())
        ],
        'all names are numbers, sorted as text: {}; are they ids, and 0 the '
        'background? Write names': (
            shown if all(map(str.isdigit, shown)) else []
        ),
    }
    pairs = [
        f'{a} never without {b} ({counts[a]} images)'
        for a, b in find_inseparable(labels, together)
        if counts[b] < total
    ]
    sentences = [
        text.format(_join(map(repr, names)))
        for text, names in found.items()
        if names
    ]
    if pairs:
        sentences.append(f'labels cannot tell these apart: {_join(pairs)}')
    return [*labels.notes, *sentences]


def _join(entries: Iterable[str]) -> str:
    """Return the first entries, and the number of the others."""
    names = list(entries)
    more = len(names) - LONGEST
    text = ', '.join(names[:LONGEST])
    return f'{text} and {more} more' if more > 0 else text
