r"""Write what a training did as one page, report.html.

    cosa report work_dirs/cosa_vit-b_voc

The page is a single file that needs no other and no network: scores, curves,
pictures of fixed validation images, a table of the classes with what they are
confused with, commands, versions and config. A training writes it at its end;
this writes it of one that is still running, or that ended early.
"""

import argparse
from collections.abc import Sequence

from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        prog='cosa report',
        description=__doc__,
    )
    parser.add_argument('work_dir', help='work dir of the training')
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='the page (default: report.html in the work dir)',
    )
    return parser.parse_args(args)


@exit_codes(OSError)
def main(args: Sequence[str] | None = None) -> None:
    """Write the page, or say in one sentence why not."""
    options = parse_args(args)
    import cosa_mmseg.parts  # noqa: F401  before torch
    from cosa_mmseg.visualization.report import write_report

    path = write_report(options.work_dir, options.out)
    print(path)
