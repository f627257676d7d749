"""What a work dir holds of a training: log, pictures, confusions, settings."""

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosa_mmseg.utils.atomic import atomic_file

ONLINE = 'online_'  # how keys of the online network begin
RUN_FILE, CONFUSION_FILE = 'run.json', 'confusion.json'
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
    """

    title: str
    runs: list[RunInfo]
    rows: list[dict[str, Any]] = field(default_factory=list)
    pictures: dict[str, dict[int, Path]] = field(default_factory=dict)
    confusion: dict[str, Any] | None = None
    config: str | None = None

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
        if (folder / RUN_FILE).is_file()
        or (folder / 'vis_data' / 'scalars.json').is_file()
    )
    if not folders:
        raise FileNotFoundError(
            f'{work_dir} holds no training: a folder in it would have '
            f'{RUN_FILE} or vis_data/scalars.json; give the work dir of '
            'tools/train.py'
        )
    runs: list[RunInfo] = []
    rows: list[dict[str, Any]] = []
    for folder in folders:
        new = _read_rows(folder / 'vis_data' / 'scalars.json')
        steps = (new[0]['step'], new[-1]['step']) if new else None
        info = read_json(folder / RUN_FILE) or {}
        runs.append(RunInfo(folder.name, steps, info))
        if steps:  # it went on from before, or began anew
            rows = [row for row in rows if row['step'] < steps[0]] + new
    configs = [
        _read_text(folder / 'vis_data' / 'config.py') for folder in folders
    ]
    confusions = [read_json(folder / CONFUSION_FILE) for folder in folders]
    return TrainingRecord(
        title=work_dir.resolve().name,
        runs=runs,
        rows=rows,
        pictures=_find_pictures(folders),
        confusion=next((c for c in reversed(confusions) if c), None),
        config=next((text for text in reversed(configs) if text), None),
    )


def read_json(path: Path) -> Any:
    """What a file holds; None if it is missing or broken."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def write_json(path: str | Path, content: Any) -> None:
    """Write a file, whole or not at all."""
    with atomic_file(path) as unfinished:
        unfinished.write_text(json.dumps(content))


def _read_text(path: Path) -> str | None:
    return path.read_text(errors='replace') if path.is_file() else None


def _read_rows(path: Path) -> list[dict[str, Any]]:
    """Lines of a log; one that is cut off, as the last may be, is left out."""
    rows = []
    for line in (_read_text(path) or '').splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get('step'), int):
            rows.append(row)
    return rows


def _find_pictures(folders: list[Path]) -> dict[str, dict[int, Path]]:
    """Pictures of the visualisation hook, those of newer runs first."""
    found: dict[str, dict[int, Path]] = {}
    for folder in folders:
        for path in (folder / 'vis_data' / 'vis_image').glob('watch_*.png'):
            match = _PICTURE.fullmatch(path.name)
            if match:
                found.setdefault(match[1], {})[int(match[2])] = path
    return {
        name: dict(sorted(pictures.items()))
        for name, pictures in sorted(found.items())
    }
