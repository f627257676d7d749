"""What in image-level labels is allowed and likely a mistake."""

from collections.abc import Iterable
from itertools import permutations

import numpy as np
from scipy.sparse import csr_array

from .class_names import find_blanks
from .label_rows import ImageLabels

LONGEST = 10  # entries of the longest list in a sentence
# Words for what is not known, or not there; `none` and the like are no class
_NO_CLASSES = frozenset(
    ('unknown', 'unlabeled', 'unlabelled', 'unsure', '?', 'empty', 'negative')
    + ('nothing', 'no label', 'ignore', 'skip', 'todo', 'tbd', 'bg', 'void')
    + ('no', 'no object', 'no class', '.')
)


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
            name for name in shown if name.lower() in _NO_CLASSES
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
    """The first entries, and the number of the others."""
    names = list(entries)
    more = len(names) - LONGEST
    text = ', '.join(names[:LONGEST])
    return f'{text} and {more} more' if more > 0 else text
