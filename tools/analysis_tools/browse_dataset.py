r"""Draw what the data pipeline of a config hands out.

    python tools/analysis_tools/browse_dataset.py cosa_vit-b_voc.py \
        --num 20 --out work_dirs/browse

writes a picture for each of 20 samples that are evenly spread over the set:
the weak and the strong view side by side, framed where they show the image,
and the names of the labels below. Samples of evaluation sets have one view,
and their mask. The pictures are the same in each run.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cosa_mmseg  # noqa: F401  before torch: see utils/threads.py

# isort: split
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import set_random_seed

from cosa_mmseg.config.command_line import read_config
from cosa_mmseg.config.options import add_config_options
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser
from cosa_mmseg.visualization import save_samples


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        description=__doc__,
    )
    add_config_options(parser)
    parser.add_argument(
        '--split',
        choices=('train', 'val', 'test'),
        default='train',
        help="the config's dataloader that names the images (default: train)",
    )
    parser.add_argument(
        '--num', type=int, default=20, help='number of samples (default: 20)'
    )
    parser.add_argument(
        '--out',
        metavar='DIR',
        help='new folder for the pictures (default: work_dirs/<name of the '
        'config>/browse_<split>)',
    )
    return parser.parse_args(args)


@exit_codes(OSError, ValueError)
def main(args: Sequence[str] | None = None) -> None:
    """Draw, or say in one sentence why not."""
    options = parse_args(args)
    out = options.out or (
        Path('work_dirs')
        / Path(options.config).stem
        / f'browse_{options.split}'
    )
    cfg = read_config(options.config, options.cfg_options, str(out))
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    set_random_seed(0)
    loader = cfg.get(f'{options.split}_dataloader')
    if loader is None:
        raise ValueError(f'{options.config} has no {options.split}_dataloader')
    dataset = DATASETS.build(loader.dataset)
    paths = save_samples(out, dataset, options.num)
    print(f'{len(paths)} of {len(dataset)} samples are drawn in {out}')


if __name__ == '__main__':
    main()
