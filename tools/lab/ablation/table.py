"""The results of an ablation as a Markdown document."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from .arms import Arm
from .paired import paired_difference

Results = Mapping[tuple[str, int], dict]  # (arm, seed) -> results.json
CAM_PREFIX = 'cam_'
COLUMNS = (  # beside the arm's score: key, heading
    ('cam_mIoU_best', 'CAM mIoU'),
    ('context_fp', 'context FP'),
    ('cam_context_fp', 'CAM context FP'),
    ('context_class_IoU', 'context class IoU'),
)
NONE = '-'
LEGEND = (
    'Mean ± sample standard deviation over the n seeds, in percent. `mIoU`: '
    'label-free, last iteration, one view. Difference: to the arm of that '
    'number, paired by seed, with the 95 % t-interval of its mean; not '
    'corrected for the number of comparisons. CAM mIoU (`cam_mIoU_best`): '
    'predicted labels, at the threshold that is best on the split. Context '
    'FP: share of the background pixels of the coexisting context that are '
    'taken for the class that coexists with it, by the segmentation, or by '
    'the CAM at a fixed threshold; context class IoU: that class, '
    'segmentation. '
    f'{NONE}: the arm has no such score.'
)


def score_values(results: Results, arm: str, split: str, key: str) -> dict:
    """One score of an arm by seed; seeds without it are left out."""
    found = {
        seed: result['scores'].get(split, {}).get(key)
        for (name, seed), result in results.items()
        if name == arm
    }
    return {seed: v for seed, v in sorted(found.items()) if v is not None}


def mean_cell(values: Iterable[float]) -> str:
    """Mean and sample standard deviation, as in ``69.3 ± 0.4``."""
    numbers = list(values)
    if not numbers:
        return NONE
    mean = _figure(np.mean(numbers))
    if len(numbers) == 1:
        return mean
    return f'{mean} ± {_figure(np.std(numbers, ddof=1))}'


def difference_cell(
    values: Mapping[int, float], baseline: Mapping[int, float], number: int
) -> str:
    """Paired difference, as in ``+1.2 [+0.3, +2.1] to 1 (n = 3)``.

    Args:
        values: Scores of an arm by seed.
        baseline: Those of the arm it is compared with.
        number: The latter's number in the table.
    """
    seeds = sorted(set(values) & set(baseline))
    if not seeds:
        return NONE
    found = paired_difference(
        [values[seed] for seed in seeds], [baseline[seed] for seed in seeds]
    )
    text = _figure(found.mean, '+')
    if found.num_seeds > 1:
        text += f' [{_figure(found.low, "+")}, {_figure(found.high, "+")}]'
    return f'{text} to {number} (n = {found.num_seeds})'


def split_table(arms: Sequence[Arm], results: Results, split: str) -> str:
    """Markdown table of all arms on one split."""
    headings = ['', 'arm', 'n', 'score', 'difference']
    rows = [headings + [heading for _, heading in COLUMNS]]
    rows.append(['---'] * len(rows[0]))
    numbers = {arm.name: i for i, arm in enumerate(arms, 1)}
    for arm in arms:
        values = score_values(results, arm.name, split, arm.score)
        score = mean_cell(values.values())
        if arm.score != 'mIoU':
            score += f' (`{arm.score}`)'
        difference = NONE
        if arm.baseline is not None:
            baseline = next(a for a in arms if a.name == arm.baseline)
            difference = difference_cell(
                values,
                score_values(results, baseline.name, split, baseline.score),
                numbers[baseline.name],
            )
        rows.append(
            [
                str(numbers[arm.name]),
                f'{arm.title} (`{arm.name}`)',
                str(len(values)),
                score,
                difference,
                *_other_cells(arm, results, split),
            ]
        )
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)


def _other_cells(arm: Arm, results: Results, split: str) -> list[str]:
    """Cells of `COLUMNS`; an arm judged by its CAM has no segmentation."""
    judged_by_cam = arm.score.startswith(CAM_PREFIX)
    return [
        NONE
        if judged_by_cam and not key.startswith(CAM_PREFIX)
        else mean_cell(score_values(results, arm.name, split, key).values())
        for key, _ in COLUMNS
    ]


def document(
    arms: Sequence[Arm],
    seeds: Sequence[int],
    splits: Sequence[str],
    results: Results,
    command: str,
) -> str:
    """The whole Markdown document.

    Args:
        arms: In the order of the table.
        seeds: Those that were asked for.
        splits: One table each.
        results: Of the runs that are finished, at least one.
        command: What made them.
    """
    missing = [
        f'`{arm.name}` seed {seed}'
        for arm in arms
        for seed in seeds
        if (arm.name, seed) not in results
    ]
    parts = ['# Ablation', f'Written by\n\n```bash\n{command}\n```']
    parts.append(_facts(results, seeds))
    if missing:
        parts.append(
            'Without results (not finished, or the config has changed since): '
            f'{", ".join(missing)}.'
        )
    for split in splits:
        number = _distinct(
            result['images'][split]
            for result in results.values()
            if split in result['images']
        )
        table = split_table(arms, results, split)
        parts.append(f'## `{split}` ({number} images)\n\n{table}')
    return '\n\n'.join([*parts, LEGEND]) + '\n'


def _facts(results: Results, seeds: Sequence[int]) -> str:
    """What was run, on what and with what."""
    found = list(results.values())
    hours = sum(sum(result['seconds'].values()) for result in found) / 3600
    again = sum(result['starts'] > 1 for result in found)
    versions = [
        f'{package} {_distinct(r["versions"][package] for r in found)}'
        for package in found[0]['versions']
    ]
    lines = [
        f'{_distinct(r["iterations"] for r in found)} iterations of '
        f'{_distinct(r["batch"] for r in found)} images a run, from '
        f'{_distinct(r["images"]["train"] for r in found)} training images',
        f'seeds {", ".join(map(str, seeds))}',
        f'{len(found)} runs, {hours:.1f} hours in sum over the runs, '
        f'evaluation included ({_distinct(r["device"] for r in found)})'
        + (f'; {again} of them were cut off and resumed' if again else ''),
        ', '.join(versions),
    ]
    return '\n'.join(f'- {line}' for line in lines)


def _distinct(values: Iterable) -> str:
    """The value that all share, or all that occur."""
    return ' or '.join(dict.fromkeys(map(str, values)))


def _figure(value, sign: str = '-') -> str:
    """One decimal, and no negative zero."""
    return f'{round(float(value), 1) + 0.0:{sign}.1f}'
