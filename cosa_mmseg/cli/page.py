r"""Serve a page in the browser to try a trained model of CoSA.

    pip install 'cosa_mmseg[demo]'
    cosa page cosa_shapes work_dirs/cosa_shapes/iter_1200.pth

prints the address of the page: upload a picture, say what it shows if you
like, and see the segmentation and the CAMs of both networks side by side.

The page is for this machine only and asks no other. With --host 0.0.0.0 all
who can reach the machine can use it: there is no password.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from .options import add_checkpoint_options, add_device_option


def _port(text: str) -> int:
    """Return the number of a port."""
    if not (text.isdecimal() and 0 < int(text) < 2**16):
        raise ArgumentTypeError(f'must be 1 to 65535, got {text}')
    return int(text)


def add_options(parser: ArgumentParser) -> None:
    """Add the model, and where to serve it."""
    add_checkpoint_options(parser)
    parser.add_argument(
        '--host',
        default='127.0.0.1',
        help='address to listen at (default: 127.0.0.1, this machine only)',
    )
    parser.add_argument(
        '--port', type=_port, default=7860, help='(default: 7860)'
    )
    add_device_option(parser)


def run(options: Namespace) -> None:
    """Serve the page."""
    try:
        from cosa_mmseg.apis.demo_page.page import build_page
        from cosa_mmseg.apis.demo_page.server import serve
    except ImportError as err:
        raise ValueError(
            f"the page needs gradio ({err}): pip install 'cosa_mmseg[demo]'"
        ) from err
    from cosa_mmseg.apis import CoSAInferencer
    from cosa_mmseg.apis.demo_page.examples import find_examples

    inferencer = CoSAInferencer(
        options.config,
        options.checkpoint,
        device=options.device,
        cfg_options=options.cfg_options,
    )
    page = build_page(inferencer, find_examples(inferencer.cfg))
    serve(page, options.host, options.port)
