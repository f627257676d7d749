"""What the command lines of the benchmarks share."""

import json
from argparse import Namespace
from collections.abc import Callable

from cosa_mmseg.datasets.bad_files import BadFileError
from cosa_mmseg.utils.atomic import atomic_file


def run_benchmark(
    measure: Callable[[], dict],
    table: Callable[[dict], str],
    options: Namespace,
) -> None:
    """Measure, print a table, and write the figures if asked for.

    Args:
        measure: Gives the report.
        table: From the report to text.
        options: The command line, with ``config``, ``cfg_options`` and
            ``json``.

    Raises:
        SystemExit: With a sentence, if something that the user gave does not
            work.
    """
    try:
        report = measure()
        report.update(config=options.config, cfg_options=options.cfg_options)
        if options.json:
            with atomic_file(options.json) as path:
                path.write_text(json.dumps(report, indent=2) + '\n')
    except BadFileError as err:
        raise SystemExit(f'error: {err.sentence}') from err
    except (OSError, ValueError) as err:
        raise SystemExit(f'error: {err}') from err
    print(table(report))
