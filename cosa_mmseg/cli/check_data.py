r"""Read each image, mask and label of a config's data sets; list the bad ones.

    cosa check-data cosa_vit-b_voc
    cosa check-data cosa_vit-b_custom --cfg-options data_root=my

Exit code 1: some are bad.
"""

import argparse
from collections.abc import Sequence

from cosa_mmseg.config.options import add_config_options
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        prog='cosa check-data',
        description=__doc__,
    )
    add_config_options(parser)
    return parser.parse_args(args)


@exit_codes(OSError, ValueError)
def main(args: Sequence[str] | None = None) -> None:
    """Check, and say in one sentence what came out."""
    options = parse_args(args)
    import cosa_mmseg.parts  # noqa: F401  before torch
    from cosa_mmseg.config.command_line import read_config
    from cosa_mmseg.datasets.check import check_data

    check_data(read_config(options.config, options.cfg_options))
