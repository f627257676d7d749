"""Draw the figures of docs/photographs.md from the scores of the runs.

    python -m tools.lab.photographs.figures

reads ``tools/lab/configs/photographs/scores.jsonl`` and writes
``docs/images/masks_beside_tags.svg`` and ``docs/images/oracle.svg``.
"""

import argparse
import json
from pathlib import Path

from matplotlib import rcParams
from matplotlib.figure import Figure

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.utils.exits import exit_codes

ROOT = Path(__file__).parents[3]
SCORES = ROOT / 'tools/lab/configs/photographs/scores.jsonl'
COUNTS = (20, 50, 100, 300)
# pictures with a mask are drawn up to ten times in an epoch
OFTEN = {
    20: 'train_masks_20_x10',
    50: 'train_masks_50_x10',
    100: 'train_masks_100_x5',
    300: 'train_masks_300',
}
ORACLE = {
    'masks': 'oracle_masks',
    'segmentation\npseudo labels': 'oracle_spl',
    'nothing': 'recipe_classification',
    'noise': 'oracle_noise',
}


def read_scores() -> dict[str, dict[str, float]]:
    """Return the scores of each run by its name."""
    rows = map(json.loads, SCORES.read_text().splitlines())
    return {row['run']: row['scores'] for row in rows}


def draw_masks(scores: dict[str, dict[str, float]]) -> Figure:
    """Draw mIoU by the number of masks, beside tags and alone."""
    figure = Figure(figsize=(6, 3.6), layout='constrained')
    axes = figure.add_subplot()
    for name, line, runs in (
        (
            'tags of 1,107 pictures and masks',
            'o-',
            {0: 'train_masks_0', **OFTEN},
        ),
        (
            'the same, each picture drawn once in an epoch',
            'o:',
            {count: f'train_masks_{count}' for count in (0, *COUNTS)},
        ),
        (
            'the same masks alone',
            's--',
            {count: f'masks_alone_{count}' for count in COUNTS},
        ),
    ):
        values = [scores[run]['mIoU'] for run in runs.values()]
        axes.plot([*runs], values, line, label=name)
    axes.set(xlabel='pictures with a mask', ylabel='mIoU (%)', ylim=(0, 45))
    axes.grid(color='0.92')
    axes.set_axisbelow(True)
    axes.legend(frameon=False, loc='lower right')
    return figure


def draw_oracle(scores: dict[str, dict[str, float]]) -> Figure:
    """Draw the CAM's score by what guides it."""
    figure = Figure(figsize=(6, 3.2), layout='constrained')
    axes = figure.add_subplot()
    key = 'cam_mIoU_label_filtered_best'
    values = [scores[run][key] for run in ORACLE.values()]
    axes.bar_label(axes.bar([*ORACLE], values, color='C0'), fmt='%.1f')
    axes.set(ylabel='CAM mIoU (%),\ntrue labels, best threshold')
    return figure


@exit_codes(OSError, ValueError)
def main() -> None:
    """Draw both figures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    rcParams['svg.hashsalt'] = 'cosa_mmseg'  # the same file each time
    scores = read_scores()
    for name, draw in (
        ('masks_beside_tags', draw_masks),
        ('oracle', draw_oracle),
    ):
        path = ROOT / f'docs/images/{name}.svg'
        draw(scores).savefig(path, metadata={'Date': None})
        print(path.relative_to(ROOT))


if __name__ == '__main__':
    main()
