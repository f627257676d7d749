r"""Convert pretrained weights of other projects for the network of a config.

    cosa convert model.safetensors pretrained/vit_base_patch16_224.pth \
        --config cosa_vit-b_voc

SRC may be of timm (DINOv3 too), DeiT, DeiT III, augreg (.npz), DINO, DINOv2,
mmpretrain or mmseg; its names tell which. DST is for the config's backbone:

    init_cfg=dict(type='Pretrained', checkpoint=DST)

A whole network of the released code becomes one that `cosa test` loads.
"""

import os.path as osp
from argparse import ArgumentParser, Namespace

from .options import add_cfg_options, add_trust_option


def add_options(parser: ArgumentParser) -> None:
    """Add the files and the config."""
    parser.add_argument(
        'src',
        metavar='SRC',
        help='.safetensors, .npz, or what torch.save wrote (.pth, .bin, ...)',
    )
    parser.add_argument(
        'dst',
        metavar='DST',
        help='file to write, .pth or .safetensors',
    )
    parser.add_argument(
        '--config',
        required=True,
        help='path of a config, or the name of a packaged one',
    )
    add_cfg_options(parser)
    add_trust_option(parser)


def run(options: Namespace) -> None:
    """Convert one file."""
    from cosa_mmseg.config.command_line import read_config
    from cosa_mmseg.interop.weights_in import convert_weights, write_weights
    from cosa_mmseg.interop.weights_in.files import check_suffix

    check_suffix(options.dst)
    if osp.realpath(options.src) == osp.realpath(options.dst):
        raise ValueError(
            f'{options.dst} is both what is read and what is written: name '
            'another file to write'
        )
    cfg = read_config(options.config, options.cfg_options)
    conversion = convert_weights(options.src, cfg)
    write_weights(options.dst, conversion.state)
    print(f'{conversion}\nwritten to {options.dst}')
