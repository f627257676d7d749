"""What a work dir holds of a training: log, pictures, confusions, settings."""

import json
import math
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cosa_mmseg.utils.reading import read_bytes, read_json
from cosa_mmseg.utils.run_files import CONFUSION_FILE, RUN_FILE

ONLINE = 'online_'  # how keys of the online network begin
_LARGEST = 1e100  # number that a chart has a place for
_LAST_STEP = 2**53
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


@dataclass(frozen=True)
class TrainingRecord:
    """All runs of a work dir, as one training.

    Attributes:
        title: Name of the work dir.
        runs: In their order in time, at least one.
        rows: Logged values, each with ``step``.  Of iterations that a resumed
            training did again there are only the newer ones.
        pictures: By image and iteration, both ascending.
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
        """Iterations and the finite values that were logged under a key."""
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

    @property
    def last_step(self) -> int:
        """The last iteration that was logged, or 0."""
        return self.rows[-1]['step'] if self.rows else 0


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
    folders = sorted(
        folder
        for folder in work_dir.iterdir()
        if os.path.lexists(folder / RUN_FILE)
        or os.path.lexists(folder / 'vis_data' / 'scalars.json')
    )
    if not folders:
        raise FileNotFoundError(
            f'{work_dir} holds no training: a folder in it would have '
            f'{RUN_FILE} or vis_data/scalars.json; give the work dir of '
            'a training'
        )
    runs: list[RunInfo] = []
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    for folder in folders:
        new = _read_rows(folder / 'vis_data' / 'scalars.json', problems)
        steps = (new[0]['step'], new[-1]['step']) if new else None
        info = _read_info(folder / RUN_FILE, problems)
        runs.append(RunInfo(folder.name, steps, info))
        if steps:  # it went on from before, or began anew
            rows = [row for row in rows if row['step'] < steps[0]] + new
    configs = [
        _read(folder / 'vis_data' / 'config.py', problems)
        for folder in folders
    ]
    confusions = [
        _read_confusion(folder / CONFUSION_FILE, problems)
        for folder in folders
    ]
    config = next((text for text in reversed(configs) if text), None)
    return TrainingRecord(
        title=work_dir.resolve().name,
        runs=runs,
        rows=rows,
        pictures=_find_pictures(folders),
        confusion=next((c for c in reversed(confusions) if c), None),
        config=config.decode(errors='replace') if config else None,
        problems=problems,
    )


def _read(path: Path, problems: list[str]) -> bytes | None:
    """The content of a file; None if it is missing or cannot be read."""
    if not os.path.lexists(path):
        return None
    try:
        return read_bytes(path)
    except (OSError, ValueError) as err:
        problems.append(str(err))
        return None


def _read_json(path: Path, problems: list[str]) -> Any:
    """What a file holds; None if it is missing or cannot be read."""
    if not os.path.lexists(path):
        return None
    try:
        return read_json(path)
    except (OSError, ValueError) as err:
        problems.append(str(err))
        return None


def _read_info(path: Path, problems: list[str]) -> dict[str, Any]:
    """What is noted of a run, without values of another type."""
    info = _read_json(path, problems)
    if not isinstance(info, dict):
        if info is not None:
            problems.append(f'{path} holds no object, but {info!r:.60}')
        return {}
    wrong = [
        key
        for key, kind in _KINDS.items()
        if not isinstance(info.get(key, kind()), kind)
    ]
    if wrong:
        problems.append(f'{path}: {", ".join(wrong)} have another type')
    return {key: info[key] for key in info if key not in wrong}


def _read_confusion(path: Path, problems: list[str]) -> dict[str, Any] | None:
    """A confusion matrix with its classes; None if it is none."""
    found = _read_json(path, problems)
    if found is None:
        return None
    try:
        classes, matrix = found['classes'], np.array(found['matrix'], float)
        good = (
            isinstance(found['iteration'], int)
            and isinstance(classes, list)
            and all(isinstance(name, str) for name in classes)
            and matrix.size > 0
            and matrix.shape == (len(classes), len(classes))
            and bool(((matrix >= 0) & (matrix < _LAST_STEP)).all())
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        good = False
    if not good:
        problems.append(
            f'{path} has no iteration, classes and a matrix of their pixels'
        )
    return found if good else None


def _read_rows(path: Path, problems: list[str]) -> list[dict[str, Any]]:
    """Lines of a log, with their numbers.

    Others, such as the last of a killed run, are counted in `problems`.
    """
    rows, num_bad, bad_keys = [], 0, set()
    for line in (_read(path, problems) or b'').split(b'\n'):
        row = _parse(line)
        if row is None:
            num_bad += bool(line.strip())
            continue
        numbers = {k: v for k, v in row.items() if _is_number(v)}
        bad_keys |= row.keys() - numbers
        rows.append(numbers)
    if num_bad:
        problems.append(f'{path}: {num_bad} lines are no rows of a log')
    if bad_keys:
        keys = ', '.join(map(repr, sorted(bad_keys)))
        problems.append(f'{path}: some values are no numbers ({keys:.200})')
    return rows


def _parse(line: bytes) -> dict[str, Any] | None:
    """A row of a log; None: it is none."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    step = row.get('step') if isinstance(row, dict) else None
    if isinstance(step, bool) or not isinstance(step, int):
        return None
    return row if 0 <= step <= _LAST_STEP else None


def _is_number(value: Any) -> bool:
    """Whether a logged value is NaN, infinite, or of a usual size."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value in (math.inf, -math.inf) or not abs(value) > _LARGEST


def _find_pictures(folders: list[Path]) -> dict[str, dict[int, Path]]:
    """Pictures of the visualisation hook, those of newer runs first."""
    found: dict[str, dict[int, Path]] = {}
    for folder in folders:
        for path in (folder / 'vis_data' / 'vis_image').glob('watch_*.png'):
            match = _PICTURE.fullmatch(path.name)
            if match and path.is_file():
                found.setdefault(match[1], {})[int(match[2])] = path
    return {
        name: dict(sorted(pictures.items()))
        for name, pictures in sorted(found.items())
    }
