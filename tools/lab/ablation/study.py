"""All runs of an ablation, some at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from .execution import execute
from .launcher import (
    Launcher,
    RunError,
)
from .run import Run


def execute_all(
    runs: Sequence[Run],
    splits: Sequence[str],
    launcher: Launcher,
    jobs: int,
    report: Callable[[str], None],
) -> int:
    """Train and evaluate; a run that fails does not stop the others.

    Args:
        runs: The runs, in the order in which they start.
        splits: Names of image lists to evaluate on.
        launcher: What starts the processes.
        jobs: Number of runs at a time.
        report: Takes a line of text at each start and end.

    Returns:
        Number of runs that failed.

    Raises:
        KeyboardInterrupt: If interrupted, once all processes have ended; and
            whatever else a signal handler raises.
    """

    def execute_one(run: Run) -> bool:
        start = monotonic()
        report(f'{run}: start')
        try:
            results = execute(run, splits, launcher)
        except (RunError, OSError, ValueError) as err:
            report(f'{run}: FAILED after {_minutes(start)}: {err}')
            return False
        key = run.arm.score
        scores = ', '.join(
            f'{split} {results["scores"][split][key]:.1f}' for split in splits
        )
        report(f'{run}: done after {_minutes(start)}, {key}: {scores}')
        return True

    with ThreadPoolExecutor(jobs) as pool:
        try:
            return list(pool.map(execute_one, runs)).count(False)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            launcher.stop()
            raise


def _minutes(start: float) -> str:
    return f'{(monotonic() - start) / 60:.1f} min'
