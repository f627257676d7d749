r"""Write a trained network as an ONNX file or a program of torch.export.

    cosa export cosa_vit-b_voc work_dirs/cosa_vit-b_voc/iter_32000.pth \
        --out cosa_vit-b_voc.onnx

The suffix of --out is the format, .onnx or .pt2. Config and checkpoint are
those of a training, or of `cosa publish`. The file

    takes `image`    float32 (N, 3, H, W), RGB in 0..255; N, H and W are free
                     (.pt2: H and W are multiples of 32)
    gives `logits`   float32 (N, K, H, W)

It normalises images itself, sees each once and whole, and does not resize it:
bring it to the size of the config's test pipeline first. The metadata has the
names of the classes, mean, standard deviation, and that resize. The file is
compared with PyTorch on two batches of different size before it is kept. A
ViT-B takes minutes; with Swin, torch may not come to an end.

ONNX: pip install 'cosa_mmseg[export]'.
"""

import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from .options import add_checkpoint_options

ERRORS = (ImportError, OSError, ValueError)


def add_options(parser: ArgumentParser) -> None:
    """Add the model, and the file to write."""
    add_checkpoint_options(parser)
    parser.add_argument(
        '--out', type=Path, required=True, help='file to write, .onnx or .pt2'
    )
    parser.add_argument(
        '--network',
        choices=('assignment', 'online'),
        help='which network of a training (default: assignment)',
    )


def run(options: Namespace) -> None:
    """Export the network, and print how it was checked."""
    from cosa_mmseg.config.command_line import read_config
    from cosa_mmseg.interop.models_out import export_model

    start = time.perf_counter()
    cfg = read_config(options.config, options.cfg_options)
    checks = export_model(
        cfg, options.checkpoint, options.out, options.network
    )
    for check in checks:
        print(
            f'{check.shape}: largest difference to PyTorch '
            f'{check.difference:.1e}, of logits up to {check.largest:.1f}'
        )
    size = options.out.stat().st_size / 2**20
    seconds = time.perf_counter() - start
    print(f'wrote {options.out}, {size:.1f} MiB, in {seconds:.0f} s')
