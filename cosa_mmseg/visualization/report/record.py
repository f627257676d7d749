"""Log, pictures, confusions and settings in the work dir of a training."""

import json
import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cosa_mmseg.utils.reading import read_bytes, read_json
from cosa_mmseg.utils.run_files import CONFUSION_FILE, RUN_FILE

ONLINE = 'online_'  # how keys of the online network begin
LARGEST = 1e100  # number that a chart has a place for
LAST_STEP = 2**53
# what the page counts on in `RUN_FILE`, if it is there
_KINDS = {
    'command': str,
    'versions': dict,
    'max_iters': int,
    'finished': bool,
    'skipped': int,
    'train_images': int,
}
_PICTURE = re.compile(r'watch_(.+)_(\d+)\.png')


@dataclass(frozen=True)
class RunInfo:
    """A start of the training; each resuming is one.

    Attributes:
        name: Of its folder in the work dir, a time.
        steps: First and last iteration in its log; None if it logged nothing.
        info: What :class:`ReportHook` noted: ``command``, ``versions``,
            ``seed``, ``device``, ``processes``, ``max_iters``, ``finished``;
            with a validation ``scored_images`` and ``trained_and_scored``, how
            many of these are trained with; at the end, with
            ``on_error='skip'``, ``skipped`` (number of different training
            images) and ``train_images`` (of how many).
            Empty of a run without the hook.
    """

    name: str
    steps: tuple[int, int] | None
    info: dict[str, Any]


@dataclass
class TrainingRecord:
    """All runs of a work dir, as one training.

    Attributes:
        title: Name of the work dir.
        runs: In their order in time, at least one.
        rows: Logged values, each with ``step``.  Of iterations that a resumed
            training did again there are only the newer ones.
        pictures: By image and iteration.
        confusion: ``iteration``, ``classes`` (K names) and ``matrix`` (K rows
            of K pixel counts, row = true class) of the last validation.
        config: Text of the config.
        problems: What was left out, a sentence for each file.
    """

    title: str
    runs: list[RunInfo]
    rows: list[dict[str, Any]] = field(default_factory=list)
    pictures: dict[str, dict[int, Path]] = field(default_factory=dict)
    confusion: dict[str, Any] | None = None
    config: str | None = None
    problems: list[str] = field(default_factory=list)

    def series(self, key: str) -> list[tuple[int, float]]:
        """Return iterations and the finite values logged under a key."""
        return [
            (row['step'], row[key])
            for row in self.rows
            if isinstance(row.get(key), int | float)
            and math.isfinite(row[key])
        ]

    @property
    def scores(self) -> dict[str, Any]:
        """The last validation's row of the log; empty if there is none."""
        evaluated = [row for row in self.rows if 'iter' not in row]
        return evaluated[-1] if evaluated else {}

    def add_pictures(self, folder: Path) -> None:
        """Add what the visualisation hook drew; it replaces older ones."""
        for path in folder.glob('watch_*.png'):
            match = _PICTURE.fullmatch(path.name)
            if match and path.is_file():
                steps = self.pictures.setdefault(match[1], {})
                steps[int(match[2])] = path

    @property
    def losses(self) -> list[str]:
        """Keys of the single losses or, without any, of their sum."""
        keys = {key for row in self.rows for key in row if 'loss' in key}
        return sorted(keys - {'loss'}) or ['loss']

    @property
    def state(self) -> str:
        """A sentence on how far the training came."""
        info = self.runs[-1].info
        last = self.rows[-1]['step'] if self.rows else 0
        total = info.get('max_iters')
        if info.get('finished'):
            return f'Finished: {total or last} iterations.'
        known = f' of {total}' if total else ''
        ended = 'Not finished, or still running' if info else 'Logged'
        return f'{ended}: the log ends at iteration {last}{known}.'


def read_training(work_dir: str | Path) -> TrainingRecord:
    """Read what there is of a training, however it ended.

    What cannot be used, as a disk or an editor may have damaged it, is left
    out and named in ``problems``.

    Args:
        work_dir: Its folder.

    Raises:
        FileNotFoundError: It is no folder, or holds no training.
    """
    work_dir = Path(work_dir)
    if not work_dir.is_dir():
        raise FileNotFoundError(f'{work_dir} is no folder')
    marks = (RUN_FILE, 'vis_data/scalars.json')
    folders = sorted(
        folder
        for folder in work_dir.iterdir()
        if any(os.path.lexists(folder / mark) for mark in marks)
    )
    if not folders:
        raise FileNotFoundError(
            f'{work_dir} holds no training: a folder in it would have '
            f'{" or ".join(marks)}; give the work dir of a training'
        )
    record = TrainingRecord(work_dir.resolve().name, [])
    problems = record.problems
    for folder in folders:
        logs = folder / 'vis_data'
        new = _read_rows(logs / 'scalars.json', problems)
        steps = (new[0]['step'], new[-1]['step']) if new else None
        info = _read_info(folder / RUN_FILE, problems)
        record.runs.append(RunInfo(folder.name, steps, info))
        if steps:  # it went on from before, or began anew
            old = [row for row in record.rows if row['step'] < steps[0]]
            record.rows = old + new
        confusion = _read_confusion(folder / CONFUSION_FILE, problems)
        record.confusion = confusion or record.confusion
        if config := _read(read_bytes, logs / 'config.py', problems):
            record.config = config.decode(errors='replace')
        record.add_pictures(logs / 'vis_image')
    return record


def _read(read: Callable[[Path], Any], path: Path, problems: list[str]) -> Any:
    """Return what a file holds; None if it is missing or cannot be read."""
    if not os.path.lexists(path):
        return None
    try:
        return read(path)
    except (OSError, ValueError) as err:
        problems.append(str(err))
        return None


def _read_info(path: Path, problems: list[str]) -> dict[str, Any]:
    """Return what is noted of a run, without values of another type."""
    info = _read(read_json, path, problems)
    if not isinstance(info, dict):
        if info is not None:
            problems.append(f'{path} holds no object, but {info!r:.60}')
        return {}
    wrong = [
        k
        for k, kind in _KINDS.items()
        if not isinstance(info.get(k, kind()), kind)
    ]
    if wrong:
        problems.append(f'{path}: {", ".join(wrong)} have another type')
    return {k: value for k, value in info.items() if k not in wrong}


def _read_confusion(path: Path, problems: list[str]) -> dict[str, Any] | None:
    """Return a confusion matrix with its classes; None if it is none."""
    found = _read(read_json, path, problems)
    if found is None:
        return None
    try:
        names, matrix = found['classes'], np.array(found['matrix'], float)
        good = (
            isinstance(found['iteration'], int)
            and isinstance(names, list)
            and {*map(type, names)} == {str}
            and matrix.shape == (len(names), len(names))
            and bool(((matrix >= 0) & (matrix < LAST_STEP)).all())
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        good = False
    if not good:
        problems.append(
            f'{path} has no iteration, classes and a matrix of their pixels'
        )
    return found if good else None


def _read_rows(path: Path, problems: list[str]) -> list[dict[str, Any]]:
    """Return the lines of a log, with their numbers.

    Others, such as the last of a killed run, are counted in `problems`.
    """
    rows, num_bad, bad_keys = [], 0, set()
    for line in (_read(read_bytes, path, problems) or b'').split(b'\n'):
        try:
            row = json.loads(line)
            is_row = type(row['step']) is int and 0 <= row['step'] <= LAST_STEP
        except (ValueError, RecursionError, TypeError, LookupError):
            is_row = False
        if is_row:
            rows.append({k: v for k, v in row.items() if _is_number(v)})
            bad_keys |= row.keys() - rows[-1].keys()
        else:
            num_bad += bool(line.strip())
    if num_bad:
        problems.append(f'{path}: {num_bad} lines are no rows of a log')
    if bad_keys:
        keys = ', '.join(map(repr, sorted(bad_keys)))
        problems.append(f'{path}: some values are no numbers ({keys:.200})')
    return rows


def _is_number(value: Any) -> bool:
    """Return True for NaN, infinity and numbers of a usual size."""
    usual = type(value) in (int, float)
    return usual and not LARGEST < abs(value) < math.inf
