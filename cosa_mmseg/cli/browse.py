r"""Draw what the data pipeline of a config hands out.

    cosa browse cosa_vit-b_voc --num 20 --out work_dirs/browse

writes a picture for each of 20 samples that are evenly spread over the set:
the weak and the strong view side by side, framed where they show the image,
and the names of the labels below. Samples of evaluation sets have one view,
and their mask. The pictures are the same in each run.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from .options import add_config_options, add_split_option


def add_options(parser: ArgumentParser) -> None:
    """Add the samples and where to draw them."""
    add_config_options(parser)
    add_split_option(parser)
    parser.add_argument(
        '--num', type=int, default=20, help='number of samples (default: 20)'
    )
    parser.add_argument(
        '--out',
        metavar='DIR',
        help='new folder for the pictures (default: work_dirs/<name of the '
        'config>/browse_<split>)',
    )


def run(options: Namespace) -> None:
    """Draw the samples."""
    from mmengine.registry import DATASETS, init_default_scope
    from mmengine.runner import set_random_seed

    from cosa_mmseg.config.command_line import read_config
    from cosa_mmseg.visualization import save_samples

    name = Path(options.config).stem
    out = options.out or f'work_dirs/{name}/browse_{options.split}'
    cfg = read_config(options.config, options.cfg_options, out)
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    set_random_seed(0)
    loader = cfg.get(f'{options.split}_dataloader')
    if loader is None:
        raise ValueError(f'{options.config} has no {options.split}_dataloader')
    dataset = DATASETS.build(loader.dataset)
    paths = save_samples(Path(out), dataset, options.num)
    print(f'{len(paths)} of {len(dataset)} samples are drawn in {out}')
