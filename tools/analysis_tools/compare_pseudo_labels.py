r"""Say how far two exports of pseudo labels agree.

    python tools/analysis_tools/compare_pseudo_labels.py \
        work_dirs/pseudo_labels work_dirs/pseudo_labels_bfloat16

prints, for CAM and segmentation pseudo labels, the share of the pixels that
have the same label in both, in percent, tab-separated.
"""

import argparse
from collections.abc import Sequence

from cosa_mmseg.apis.pseudo_labels import compare_folders
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        description=__doc__,
    )
    parser.add_argument('first', help='folder of an export')
    parser.add_argument('second', help='folder of another one')
    return parser.parse_args(args)


@exit_codes(OSError, ValueError)
def main(args: Sequence[str] | None = None) -> None:
    """Compare, or say in one sentence why not."""
    options = parse_args(args)
    agreement = compare_folders(options.first, options.second)
    for kind, share in agreement.items():
        print(f'{kind}\t{100 * share:.2f}')


if __name__ == '__main__':
    main()
