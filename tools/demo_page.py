r"""Serve a page in the browser to try a trained model of CoSA.

    pip install 'cosa_mmseg[demo]'
    python tools/demo_page.py configs/cosa/cosa_shapes.py iter_1200.pth

prints the address of the page: upload a picture, say what it shows if you
like, and see the segmentation and the CAMs of both networks side by side.

The page is for this machine only and asks no other. With --host 0.0.0.0 all
who can reach the machine can use it: there is no password.
"""

import argparse
from collections.abc import Sequence

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.apis import CoSAInferencer
from cosa_mmseg.apis.demo_page.examples import find_examples
from cosa_mmseg.config.options import add_checkpoint_options
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        description=__doc__,
    )
    add_checkpoint_options(parser)
    parser.add_argument(
        '--host',
        default='127.0.0.1',
        help='address to listen at (default: 127.0.0.1, this machine only)',
    )
    parser.add_argument(
        '--port', type=int, default=7860, help='(default: 7860)'
    )
    parser.add_argument(
        '--device', help='such as cpu or cuda:1 (default: a GPU if any)'
    )
    options = parser.parse_args(args)
    if not 0 < options.port < 2**16:
        parser.error(f'--port must be 1 to 65535, got {options.port}')
    return options


@exit_codes(OSError, ValueError)
def main(args: Sequence[str] | None = None) -> None:
    """Serve the page, or say in one sentence why not."""
    options = parse_args(args)
    try:
        from cosa_mmseg.apis.demo_page.page import (
            build_page,
            serve,
        )
    except ImportError as err:
        raise SystemExit(
            f'error: the page needs gradio ({err}): '
            "pip install 'cosa_mmseg[demo]'"
        ) from err
    inferencer = CoSAInferencer(
        options.config,
        options.checkpoint,
        device=options.device,
        cfg_options=options.cfg_options,
    )
    page = build_page(inferencer, find_examples(inferencer.cfg))
    serve(page, options.host, options.port)


if __name__ == '__main__':
    main()
