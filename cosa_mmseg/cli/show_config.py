"""Print the numbers of the method that a config sets, with their sources.

    cosa show-config cosa_vit-b_voc
    cosa show-config cosa_vit-b_voc --cfg-options train_cfg.max_iters=8000

prints a line for each number of model, optimiser, schedule and training
pipeline: its key, as --cfg-options takes it, its value, and its source: the
paper, the authors' released code, a choice of this project (ours), or the
command line. What the config says besides is printed with --whole.
"""

from argparse import ArgumentParser, Namespace

from .options import add_config_options


def add_options(parser: ArgumentParser) -> None:
    """Add the config, and how much of it to print."""
    add_config_options(parser)
    parser.add_argument(
        '--whole',
        action='store_true',
        help='print the whole config, as Python, in the place of the numbers',
    )


def run(options: Namespace) -> None:
    """Print the numbers, or the config."""
    from cosa_mmseg.config.command_line import open_config
    from cosa_mmseg.config.config_path import find_config
    from cosa_mmseg.config.sources import list_numbers

    cfg = open_config(options.config, options.cfg_options)
    if options.whole:
        print(cfg.pretty_text)
        return
    for key, value, source in list_numbers(cfg, find_config(options.config)):
        print(f'{key:<56} {value!s:<28} {source}')
