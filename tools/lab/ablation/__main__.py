r"""Runs an ablation, arms times seeds, and tabulates it.

python -m tools.lab.ablation tools/lab/configs/ablation --seeds 0 1 2 \
    --jobs 2 --out docs/ablation.md

The folder holds one config for each arm, and arms.json, which lists them:
{"NAME OF CONFIG": {"title": ..., "baseline": OTHER NAME, "score": KEY}, ...}.
What is finished is not run again, and what was cut off goes on, when the same
command is called once more.
"""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser
from tools.lab.ablation import (
    Arm,
    Launcher,
    Run,
    check_comparable,
    document,
    execute_all,
    load_arms,
    select_arms,
)

TOOLS = Path(__file__).resolve().parents[2]


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = CommandParser(
        description=__doc__,
    )
    parser.add_argument('folder', help='configs and their arms.json')
    parser.add_argument(
        '--arms',
        nargs='+',
        metavar='NAME',
        help='run these alone (default: all); the table has all',
    )
    parser.add_argument(
        '--seeds', nargs='+', type=int, default=[0, 1, 2], metavar='SEED'
    )
    parser.add_argument(
        '--splits',
        nargs='+',
        default=['val', 'val_decorr'],
        metavar='SPLIT',
        help='image lists to evaluate on, beside that of the configs '
        '(default: val val_decorr)',
    )
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/ablation'),
        help='folder of the runs, <arm>/<seed> (default: %(default)s)',
    )
    parser.add_argument(
        '--jobs',
        type=int,
        default=1,
        help='runs at a time, which share the cores (default: 1)',
    )
    parser.add_argument(
        '--out', type=Path, help='Markdown file (default: print the table)'
    )
    parser.add_argument(
        '--tabulate-only',
        action='store_true',
        help='run nothing, tabulate what is finished',
    )
    return parser


def prepare(options: argparse.Namespace) -> tuple[list[Arm], list[Run]]:
    """The arms of the table, and the runs that are asked for.

    Raises:
        OSError: If a file is missing.
        ValueError: If something does not fit together.
    """
    if options.jobs < 1:
        raise ValueError(f'--jobs must be at least 1, is {options.jobs}')
    if len(set(options.seeds)) < len(options.seeds):
        seeds = ' '.join(map(str, options.seeds))
        raise ValueError(f'--seeds names one twice: {seeds}')
    arms = load_arms(options.folder)
    check_comparable(arms)
    chosen = select_arms(arms, options.arms or [arm.name for arm in arms])
    # seed by seed, so that an ablation that is cut off has whole pairs
    runs = [
        Run(arm, seed, options.work_dir)
        for seed in options.seeds
        for arm in chosen
    ]
    if not options.tabulate_only:
        for arm in chosen:
            arm.count_images(options.splits)
        for run in runs:
            run.read_progress()
    return arms, runs


def run_missing(options: argparse.Namespace, runs: list[Run]) -> int:
    """Run what is not finished; returns the number of failures."""

    def report(line: str) -> None:  # in one piece: it comes from threads
        print(f'{line}\n', end='', flush=True)

    left = [run for run in runs if not run.is_finished(options.splits)]
    report(f'{len(runs) - len(left)} of {len(runs)} runs are finished')
    cores = len(os.sched_getaffinity(0))
    launcher = Launcher(TOOLS, threads=max(cores // options.jobs, 1))
    return execute_all(left, options.splits, launcher, options.jobs, report)


def tabulate(options: argparse.Namespace, arms: list[Arm]) -> None:
    """Write or print what is finished."""
    results = {}
    for arm in arms:
        for seed in options.seeds:
            if found := Run(arm, seed, options.work_dir).read_results():
                results[arm.name, seed] = found
    if not results:
        print(f'nothing to tabulate: no finished run in {options.work_dir}')
        return
    text = document(
        arms, options.seeds, options.splits, results, command(options)
    )
    if options.out is None:
        print(text)
        return
    with atomic_file(options.out) as unfinished:
        unfinished.write_text(text)
    print(f'wrote {options.out}')


def command(options: argparse.Namespace) -> str:
    """The call that makes the results, wherever and however fast."""
    words = ['python', '-m', 'tools.lab.ablation', str(options.folder)]
    words += ['--seeds', *map(str, options.seeds)]
    words += ['--splits', *options.splits]
    return shlex.join(words)


@exit_codes(goes_on='the same command goes on')
def main(args: Sequence[str] | None = None) -> int:
    """Run and tabulate; returns the exit code."""
    parser = build_parser()
    options = parser.parse_args(args)
    failed = 0
    try:
        arms, runs = prepare(options)
        if not options.tabulate_only:
            failed = run_missing(options, runs)
        tabulate(options, arms)
    except (OSError, ValueError) as err:
        parser.error(str(err))
    if failed:
        print(f'{failed} runs failed', file=sys.stderr)
    return int(failed > 0)


if __name__ == '__main__':
    # processes that it started end with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
