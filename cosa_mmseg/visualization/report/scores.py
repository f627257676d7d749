"""The scores of the last validation."""

from .markup import (
    note,
    table,
)
from .record import (
    ONLINE,
    TrainingRecord,
)

NO_SCORES = ('step', 'time', 'data_time', 'memory')
FREE = 'From the image alone'
FILTERED = 'Label-filtered: told the true image-level labels of the image'
BEST = (
    'Best of the CAM thresholds, chosen on the masks that it is scored on: '
    'describes the map, is no result'
)


def draw_scores(record: TrainingRecord) -> str:
    """Tables of label-free, label-filtered and best scores, HTML.

    Args:
        record: Of the training.
    """
    scores = {k: v for k, v in record.scores.items() if k not in NO_SCORES}
    if not scores:
        return note('There was no validation.')
    groups: dict[str, list[str]] = {FREE: [], FILTERED: [], BEST: []}
    for key in dict.fromkeys(key.removeprefix(ONLINE) for key in scores):
        groups[_group(key)].append(key)
    has_online = any(key.startswith(ONLINE) for key in scores)
    head = ['', 'assignment network', 'online network'][: 2 + has_online]
    if not has_online:
        head[1] = 'score'
    tables = [
        f'<h3>{title}</h3>'
        + table(
            ([key, *_values(scores, key, has_online)] for key in keys), head
        )
        for title, keys in groups.items()
        if keys
    ]
    return note(
        f'Last validation, at iteration {record.scores["step"]}; percent, '
        'thresholds in (0, 1].'
    ) + ''.join(tables)


def _group(key: str) -> str:
    """Title of the table that a score is in."""
    if '_best' in key:
        return BEST
    return FILTERED if '_label_filtered' in key else FREE


def _values(scores: dict, key: str, has_online: bool) -> list[object]:
    """Score of the plain predictions and, perhaps, of the online network."""
    keys = (key, ONLINE + key)[: 1 + has_online]
    return [
        round(value, 2) if isinstance(value, int | float) else value
        for value in (scores.get(name, '') for name in keys)
    ]
