r"""Say how far two exports of pseudo labels agree.

    cosa compare work_dirs/pseudo_labels work_dirs/pseudo_labels_bfloat16

prints, for CAM and segmentation pseudo labels, the share of the pixels that
have the same label in both, in percent, tab-separated.
"""

from argparse import ArgumentParser, Namespace


def add_options(parser: ArgumentParser) -> None:
    """Add the two folders."""
    parser.add_argument('first', help='folder of an export')
    parser.add_argument('second', help='folder of another one')


def run(options: Namespace) -> None:
    """Compare the exports."""
    from cosa_mmseg.apis.pseudo_labels import compare_folders

    agreement = compare_folders(options.first, options.second)
    for kind, share in agreement.items():
        print(f'{kind}\t{100 * share:.2f}')
