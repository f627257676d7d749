"""Training and evaluating one arm with one seed."""

import fcntl
import json
import math
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.environment import device_name, versions

from .launcher import (
    Launcher,
    RunError,
)
from .run import Run

TIMES = ('time', 'data_time')  # what mmengine logs beside the scores


def execute(run: Run, splits: Sequence[str], launcher: Launcher) -> dict:
    """Train and evaluate, from where an earlier call was cut off.

    Args:
        run: Arm and seed.
        splits: Names of the image lists to evaluate on.
        launcher: What runs ``train.py`` and ``test.py``.

    Returns:
        dict: The results, as in ``results.json``.

    Raises:
        RunError: If a tool fails or does not leave what it should, or another
            process is at the same run.
        ValueError: If the run was begun with other settings.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    with _locked(run.folder) as lock:
        execution = _Execution(run, launcher, lock)
        if not run.is_trained:
            execution.train()
        scores = dict(run.read_results().get('scores', {}))
        for split in splits:
            if split not in scores:
                scores[split] = execution.test(split)
        results = execution.results(scores)
        _write_json(run.folder / 'results.json', results)
    return results


class _Execution:
    """Calls of the tools for one run, and the clock of these calls.

    Args:
        run: Arm and seed.
        launcher: What runs the tools.
        lock: The file descriptor that holds the lock of the run's folder.
    """

    def __init__(self, run: Run, launcher: Launcher, lock: int) -> None:
        self.run = run
        self.launcher = launcher
        self.lock = lock
        self.progress = run.read_progress()

    def train(self) -> None:
        """Train from the last checkpoint on, or from the start."""
        self.progress['starts'] += 1
        self._call('train', ['--resume'], self.run.folder)
        if not self.run.is_trained:
            raise RunError(
                f'training left no {self.run.checkpoint}: the config needs '
                'default_hooks.checkpoint with by_epoch=False and save_last'
            )

    def test(self, split: str) -> dict[str, float | None]:
        """Scores of the last iteration on a split."""
        folder = self.run.folder / 'test' / split
        shutil.rmtree(folder, ignore_errors=True)  # of an evaluation cut off
        ann_file = self.run.arm.image_list(split)
        option = f'test_dataloader.dataset.ann_file={ann_file}'
        self._call('test', [str(self.run.checkpoint)], folder, option)
        logs = list(folder.glob('*/*.json'))
        if len(logs) != 1:
            raise RunError(f'expected one JSON of scores in {folder}/*')
        scores = read_scores(logs[0])
        key = self.run.arm.score
        if scores.get(key) is None:
            raise RunError(
                f'{key} of arm {self.run.arm.name} is NaN or none of its '
                f'scores {", ".join(scores)}'
            )
        return scores

    def _call(
        self, tool: str, arguments: list[str], work_dir: Path, *options: str
    ) -> None:
        """Run a tool on the arm's config, and add up its time."""
        spent = self.progress['seconds'].get(tool, 0)

        def report_seconds(seconds: float) -> None:
            self.progress['seconds'][tool] = round(spent + seconds, 2)
            _write_json(self.run.folder / 'progress.json', self.progress)

        report_seconds(0)
        options = (f'randomness.seed={self.run.seed}', *options)
        self.launcher.run(
            f'{tool}.py',
            [str(self.run.arm.config), *arguments]
            + ['--work-dir', str(work_dir), '--cfg-options', *options],
            self.run.folder / f'{tool}.log',
            self.lock,
            report_seconds,
        )

    def results(self, scores: dict) -> dict:
        """What ``results.json`` holds."""
        arm = self.run.arm
        return {
            'arm': arm.name,
            'seed': self.run.seed,
            'config': arm.digest(),
            'iterations': arm.iterations,
            'batch': arm.batch,
            'images': arm.count_images(list(scores)),
            'scores': scores,
            'seconds': self.progress['seconds'],
            'starts': self.progress['starts'],
            'device': device_name(self.launcher.threads),
            'versions': versions(),
        }


def read_scores(log: Path) -> dict[str, float | None]:
    """Scores that mmengine wrote after a test; None stands for NaN."""
    return {
        key: value if math.isfinite(value) else None
        for key, value in json.loads(log.read_text()).items()
        if isinstance(value, int | float) and key not in TIMES
    }


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Hold a folder's lock, which the yielded file descriptor stands for.

    Processes that inherit the descriptor hold it too: where one outlives this
    process, the folder stays locked until that one ends.
    """
    handle = os.open(folder / '.lock', os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise RunError(f'{folder} is in use by another process') from err
        yield handle
    finally:
        os.close(handle)


def _write_json(path: Path, content: dict) -> None:
    with atomic_file(path) as unfinished:
        unfinished.write_text(json.dumps(content, indent=2) + '\n')
