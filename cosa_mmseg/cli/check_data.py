r"""Read each image, mask and label of a config's data sets; list the bad ones.

    cosa check-data cosa_vit-b_voc
    cosa check-data cosa_vit-b_custom --cfg-options data_root=my

Exit code 1: some are bad.
"""

from argparse import ArgumentParser, Namespace

from .options import add_config_options


def add_options(parser: ArgumentParser) -> None:
    """Add the config."""
    add_config_options(parser)


def run(options: Namespace) -> None:
    """Check, and say in one sentence what came out."""
    from cosa_mmseg.config.command_line import read_config
    from cosa_mmseg.datasets.check import check_data

    check_data(read_config(options.config, options.cfg_options))
