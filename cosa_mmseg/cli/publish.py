r"""Write a trained network as a checkpoint and a config of stock mmseg.

    cosa publish cosa_vit-b_voc work_dirs/cosa_vit-b_voc/iter_32000.pth \
        --out published

writes published/cosa_vit-b_voc-<hash>.pth, the weights of a plain
EncoderDecoder with the names and colours of its classes, and beside it the
config, .py; <hash> is the start of the checkpoint's SHA-256. mmseg's
init_model, MMSegInferencer and tools/test.py load the two where this project
is not installed. The logits are those of the network in one view of the image.

What a plain EncoderDecoder does otherwise, or needs, is said in notes.
"""

from argparse import ArgumentParser, Namespace

from .options import add_checkpoint_options


def add_options(parser: ArgumentParser) -> None:
    """Add the model, and where to write."""
    add_checkpoint_options(parser)
    parser.add_argument('--out', required=True, help='folder to write to')
    parser.add_argument(
        '--network',
        choices=('assignment', 'online'),
        default='assignment',
        help='which of the two networks (default: assignment)',
    )


def run(options: Namespace) -> None:
    """Publish the network, and say how to use it."""
    from cosa_mmseg.config.command_line import read_config
    from cosa_mmseg.interop.models_out import publish_model

    cfg = read_config(options.config, options.cfg_options)
    published = publish_model(
        cfg, options.checkpoint, options.out, options.network
    )
    for note in published.notes:
        print(f'note: {note}')
    weights, config = str(published.checkpoint), str(published.config)
    print(f'wrote {weights}\nwrote {config}')
    print(f'use: mmseg.apis.init_model({config!r}, {weights!r})')
