"""The scores of CAMs over thresholds, as a table, a CSV file and a plot."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from prettytable import PrettyTable

from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.plain_cell import plain_cell

# key of the log -> name, colour and line in the plot
STYLES = {
    'cam_mIoU': ('main CAM, predicted labels', 'C0', '-'),
    'cam_mIoU_label_filtered': ('main CAM, true labels', 'C0', '--'),
    'cam_aux_mIoU': ('auxiliary CAM, predicted labels', 'C1', '-'),
    'cam_aux_mIoU_label_filtered': ('auxiliary CAM, true labels', 'C1', '--'),
}


@dataclass(frozen=True)
class CAMSweep:
    """mIoU and IoU of label maps made at each of several thresholds.

    Attributes:
        thresholds: T thresholds, ascending, in (0, 1].
        fixed_threshold: The one of them that was chosen without the masks.
        miou: For each key of `STYLES`, (T,) in percent, to two decimals.
        iou: For each key, (T, K) in percent, to two decimals; NaN where a
            class is neither true nor predicted anywhere.
    """

    thresholds: Sequence[float]
    fixed_threshold: float
    miou: dict[str, np.ndarray]
    iou: dict[str, np.ndarray]

    def summary(self) -> dict[str, float]:
        """Return for each key: at the fixed threshold, the best, and where."""
        fixed = self.thresholds.index(self.fixed_threshold)
        scores = {}
        for key, miou in self.miou.items():
            best = int(miou.argmax())
            scores[key] = float(miou[fixed])
            scores[f'{key}_best'] = float(miou[best])
            scores[f'{key}_best_threshold'] = float(self.thresholds[best])
        return scores

    def table(self) -> str:
        """Return a row for each threshold, a column for each key."""
        table = PrettyTable()
        table.add_column('threshold', list(self.thresholds))
        for key, miou in self.miou.items():
            table.add_column(key, miou.tolist())
        return table.get_string()

    def write_csv(self, path: str | Path, classes: Sequence[str]) -> None:
        """Write a row for each key and threshold: mIoU, then each class's IoU.

        Args:
            path: The file; an older one is replaced.
            classes: K names, the background first.
        """
        with (
            atomic_file(path) as unfinished,
            unfinished.open('w', newline='', encoding='utf-8') as file,
        ):
            writer = csv.writer(file)
            writer.writerow(
                ['key', 'threshold', 'mIoU', *map(plain_cell, classes)]
            )
            for key in self.miou:
                rows = zip(
                    self.thresholds, self.miou[key], self.iou[key], strict=True
                )
                for threshold, miou, iou in rows:
                    writer.writerow([key, threshold, miou, *iou])

    def plot(self, path: str | Path) -> None:
        """Draw the mIoU by threshold, the best points marked.

        Args:
            path: The file, ``.png`` or what else matplotlib writes; an older
                one is replaced.
        """
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 5), layout='constrained')
        axes = figure.add_subplot()
        fixed = self.fixed_threshold
        axes.axvline(fixed, color='0.6', label=f'scored at {fixed:g}')
        for key, miou in self.miou.items():
            name, colour, line = STYLES[key]
            best = int(miou.argmax())
            where = f'{miou[best]:.1f} at {self.thresholds[best]:.2f}'
            axes.plot(
                self.thresholds,
                miou,
                line,
                color=colour,
                marker='o',
                markersize=5,
                markevery=[best],
                label=f'{name}: best {where}',
            )
        axes.set(xlabel='threshold', ylabel='mIoU (%)', xlim=(0, 1))
        axes.set_ylim(bottom=0)
        axes.grid(color='0.92')
        axes.set_axisbelow(True)
        figure.legend(loc='outside lower center', ncols=2, frameon=False)
        with atomic_file(path) as unfinished:
            figure.savefig(unfinished, dpi=150)
