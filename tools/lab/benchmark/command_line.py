"""What the command lines of the benchmarks share."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import fields
from typing import TypeVar

from mmengine.config import Config

from cosa_mmseg.cli.options import add_config_options, add_trust_option
from cosa_mmseg.config.command_line import read_config
from cosa_mmseg.utils.atomic import atomic_file

from .inference import InferenceSettings
from .step import StepSettings

Settings = TypeVar('Settings', InferenceSettings, StepSettings)


def add_benchmark_options(parser: ArgumentParser, what: str) -> None:
    """Adds the config, and what both benchmarks are asked for.

    Args:
        parser: The command line.
        what: What is timed, in the singular.
    """
    add_config_options(parser)
    add_trust_option(parser)
    parser.add_argument(
        '--iters',
        type=int,
        default=10,
        help=f'how often a {what} is timed (default: 10)',
    )
    parser.add_argument(
        '--warmup',
        type=int,
        default=2,
        help='how often before, which does not count (default: 2)',
    )
    parser.add_argument(
        '--synthetic',
        action='store_true',
        help='random images, ready in memory, in the place of the data set '
        'of the config',
    )
    parser.add_argument(
        '--num-classes',
        type=int,
        help="classes of all heads, with the background (default: config's)",
    )
    parser.add_argument(
        '--json',
        metavar='FILE',
        help=f'file for all figures, the time of each {what}, versions, '
        'device and settings',
    )


def run_benchmark(
    measure: Callable[[Config, Settings], dict],
    table: Callable[[dict], str],
    settings: type[Settings],
    options: Namespace,
) -> None:
    """Measure, print a table, and write the figures if asked for.

    Args:
        measure: Gives the report.
        table: From the report to text.
        settings: What the benchmark takes; its fields are options.
        options: The command line, of :func:`add_benchmark_options`.

    Raises:
        OSError: If the figures cannot be written.
        ValueError: If something that the user gave does not work.
    """
    names = [field.name for field in fields(settings)]
    chosen = settings(**{name: getattr(options, name) for name in names})
    cfg = read_config(options.config, options.cfg_options)
    report = measure(cfg, chosen)
    print(table(report))  # before anything can go wrong with the file
    report.update(config=options.config, cfg_options=options.cfg_options)
    if options.json:
        with atomic_file(options.json) as path:
            path.write_text(json.dumps(report, indent=2) + '\n')
