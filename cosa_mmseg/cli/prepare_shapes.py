"""Make the data set of shapes, in the layout of VOC.

    cosa prepare shapes --root data/shapes

Pictures to train with come without masks, unless --masks-for names train.
"""

from argparse import ArgumentParser, Namespace

SPLITS = ('train', 'val', 'val_decorr', 'tune', 'tune_decorr')
VOCABULARIES = ('shapes', 'pretrain')


def add_options(parser: ArgumentParser) -> None:
    """Add the folder, and what is drawn."""
    parser.add_argument('--root', default='data/shapes', help='folder to make')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--num-train', type=int, default=1800)
    parser.add_argument(
        '--num-eval', type=int, default=200, help='of each other split'
    )
    parser.add_argument(
        '--size', type=int, default=96, help='side of the images in pixels'
    )
    parser.add_argument(
        '--masks-for',
        nargs='*',
        choices=SPLITS,
        default=SPLITS[1:],
        help='splits with masks; a fully supervised run needs train too',
    )
    parser.add_argument(
        '--vocabulary',
        choices=VOCABULARIES,
        default='shapes',
        help='pretrain: objects of twelve other classes',
    )
    parser.add_argument(
        '--num-workers', type=int, default=2, help='number of threads'
    )


def run(options: Namespace) -> None:
    """Write the set and say where it is."""
    from cosa_mmseg.datasets.shapes.shapes import write_shapes

    print(f'The shapes set is in {write_shapes(**vars(options))}')
