r"""Write what a training did as one page, report.html.

    cosa report work_dirs/cosa_vit-b_voc

The page is a single file that needs no other and no network: scores, curves,
pictures of fixed validation images, a table of the classes with what they are
confused with, commands, versions and config. A training writes it at its end;
this writes it of one that is still running, or that ended early.
"""

from argparse import ArgumentParser, Namespace

ERRORS = (OSError,)


def add_options(parser: ArgumentParser) -> None:
    """Add the training and the page."""
    parser.add_argument('work_dir', help='work dir of the training')
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='the page (default: report.html in the work dir)',
    )


def run(options: Namespace) -> None:
    """Write the page."""
    from cosa_mmseg.visualization.report import write_report

    print(write_report(options.work_dir, options.out))
