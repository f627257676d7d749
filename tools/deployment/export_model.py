r"""Write a trained network as an ONNX file or a program of torch.export.

    python tools/deployment/export_model.py cosa/cosa_vit-b_voc.py \
        work_dirs/cosa_vit-b_voc/iter_32000.pth --out cosa_vit-b_voc.onnx

The suffix of --out is the format, .onnx or .pt2. Config and checkpoint are
those of a training, or of tools/publish_model.py. The file

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

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.config.command_line import read_config
from cosa_mmseg.config.options import add_checkpoint_options
from cosa_mmseg.interop.models_out import export_model
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        description=__doc__,
    )
    add_checkpoint_options(parser)
    parser.add_argument(
        '--out', type=Path, required=True, help='file to write, .onnx or .pt2'
    )
    parser.add_argument(
        '--network',
        choices=('assignment', 'online'),
        help='which network of a training (default: assignment)',
    )
    return parser.parse_args(args)


@exit_codes(ImportError, OSError, ValueError)
def main(args: Sequence[str] | None = None) -> None:
    """Export, or say in one sentence why not."""
    options = parse_args(args)
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


if __name__ == '__main__':
    main()
