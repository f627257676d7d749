"""The scores of the last validation."""

from .record import ONLINE, TrainingRecord

NO_SCORES = ('step', 'time', 'data_time', 'memory')
FREE = 'From the image alone'
FILTERED = 'Label-filtered: told the true image-level labels of the image'
BEST = (
    'Best of the CAM thresholds, chosen on the masks that it is scored on: '
    'describes the map, is no result'
)


def score_tables(
    record: TrainingRecord,
) -> list[tuple[str, list[str], list[list]]]:
    """Return a table each of label-free, label-filtered and best scores.

    Args:
        record: Of the training.

    Returns:
        list[tuple[str, list[str], list[list]]]: Title, head and rows; no
        empty ones.
    """
    scores = {k: v for k, v in record.scores.items() if k not in NO_SCORES}
    head, prefixes = ['', 'score'], ['']
    if any(key.startswith(ONLINE) for key in scores):
        head = ['', 'assignment network', 'online network']
        prefixes = ['', ONLINE]
    groups: dict[str, list[list]] = {FREE: [], FILTERED: [], BEST: []}
    for key in dict.fromkeys(key.removeprefix(ONLINE) for key in scores):
        title = FILTERED if '_label_filtered' in key else FREE
        values = [scores.get(prefix + key) for prefix in prefixes]
        groups[BEST if '_best' in key else title].append(
            [key, *('' if v is None else round(v, 2) for v in values)]
        )
    return [(title, head, rows) for title, rows in groups.items() if rows]
