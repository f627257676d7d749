"""All cells, each in its own process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cosa_mmseg.utils.atomic import atomic_file

from .cell import Cell


def run_cells(
    cells: Sequence[Cell],
    work_dir: Path,
    jobs: int,
    report: Callable[[str], None],
) -> None:
    """Run the cells that have no result yet.

    A cell that fails leaves its reason in the place of a result, and is run
    again by the next call.

    Args:
        cells: In the order in which they are run.
        work_dir: Results and logs are ``<backbone>/<head>.{json,log}`` there.
        jobs: Cells at a time, which share the cores.
        report: Called with a line for each cell that ends.
    """
    left = [cell for cell in cells if not is_finished(cell, work_dir)]
    report(f'{len(cells) - len(left)} of {len(cells)} cells are finished')
    threads = max(len(os.sched_getaffinity(0)) // jobs, 1)

    def run(cell: Cell) -> None:
        _run(cell, work_dir, threads)
        report(f'{cell}: {_verdict(read_result(cell, work_dir))}')

    executor = ThreadPoolExecutor(jobs)
    try:
        list(executor.map(run, left))
    finally:
        executor.shutdown(cancel_futures=True)


def read_result(cell: Cell, work_dir: Path) -> dict:
    """What is known of a cell.

    Returns:
        dict: As of :meth:`Cell.run`; ``{'error': reason}`` if it failed; empty
        if it was not run, or with other settings.
    """
    path = _file(cell, work_dir, '.json')
    if not path.is_file():
        return {}
    result = json.loads(path.read_text())
    return result if result['digest'] == cell.digest() else {}


def is_finished(cell: Cell, work_dir: Path) -> bool:
    """Whether there is a result, and no error."""
    result = read_result(cell, work_dir)
    return bool(result) and 'error' not in result


def _run(cell: Cell, work_dir: Path, threads: int) -> None:
    """Run a cell in a process; a failure becomes its result."""
    path, log = (_file(cell, work_dir, suffix) for suffix in ('.json', '.log'))
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, '-m', 'tools.lab.mixing.run_cell']
    with log.open('w') as file:
        code = subprocess.call(
            [*command, cell.to_json(), str(path)],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                'OMP_NUM_THREADS': str(threads),
                'PYTHONPATH': os.pathsep.join(filter(None, sys.path)),
            },
        )
    if code:
        error = dict(error=_reason(code, log), digest=cell.digest())
        with atomic_file(path) as unfinished:
            unfinished.write_text(json.dumps(error, indent=2) + '\n')


def _reason(code: int, log: Path) -> str:
    """Why a process failed, in a line."""
    if code < 0:
        name = signal.Signals(-code).name
        more = ', perhaps for want of memory' if name == 'SIGKILL' else ''
        return f'ended by {name}{more}'
    lines = log.read_text(errors='replace').strip().splitlines()
    return lines[-1] if lines else f'exit code {code}'


def _verdict(result: dict) -> str:
    """A result in a line."""
    if 'error' in result:
        return f'failed: {result["error"]}'
    text = f'{result["step"]:.2f} s a step'
    return '; '.join([text, *result['problems']])


def _file(cell: Cell, work_dir: Path, suffix: str) -> Path:
    return work_dir / cell.backbone / f'{cell.head}{suffix}'
