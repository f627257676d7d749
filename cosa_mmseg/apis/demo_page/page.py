"""The page and its server."""

from collections.abc import Mapping
from threading import Event

import gradio as gr
import numpy as np

from cosa_mmseg.apis import CoSAInferencer
from cosa_mmseg.models.segmentors import DualStreamSegmentor

from .handlers import Handlers
from .layout import (
    Parts,
    lay_out,
)

LARGEST_FILE = '50mb'
# Uploads and their results are deleted when they are this old; seconds
KEPT = 3600
STYLE = """
.picture img { width: 100% !important; height: 100% !important;
  object-fit: contain !important; padding: 2rem 0 .25rem; }
.bad { color: #b91c1c; font-weight: 600; }
.dark .bad { color: #f87171; }
#legend { overflow-x: auto; }
.legend { width: 100%; border-collapse: collapse; }
.legend, .legend tbody { border: none !important; }
.legend th, .legend td { padding: 3px 8px !important; text-align: right;
  border: none !important; }
.legend th { font-weight: 600; }
.legend th[colspan] { text-align: center; }
.legend td:first-child { text-align: left; }
.legend td { white-space: nowrap; }
.legend tr { border: none !important;
  border-bottom: 1px solid #8886 !important; }
.legend span { display: inline-block; width: 1em; height: 1em;
  margin-right: .5em; vertical-align: -.1em; border: 1px solid #888; }
"""


def build_page(
    inferencer: CoSAInferencer, examples: Mapping[str, np.ndarray]
) -> gr.Blocks:
    """The page of a model.

    Args:
        inferencer (CoSAInferencer): Of a model of two networks with CAMs.
        examples (Mapping[str, np.ndarray]): Of :func:`find_examples`.

    Returns:
        gradio.Blocks: To hand to :func:`serve`.

    Raises:
        ValueError: If the model is another.
    """
    if not isinstance(inferencer.model, DualStreamSegmentor):
        raise ValueError(
            'the page shows the two networks of a training with CoSA, but '
            f'the model is a {type(inferencer.model).__name__}: use '
            '`cosa segment` for it'
        )
    with gr.Blocks(
        analytics_enabled=False, title='CoSA', delete_cache=(KEPT, KEPT)
    ) as page:
        parts = lay_out(inferencer.classes[1:], examples)
        _connect(parts, Handlers(inferencer))
    return page


def serve(page: gr.Blocks, host: str, port: int, block: bool = True) -> str:
    """Serve a page until it is interrupted; nothing leaves the machine.

    Args:
        page (gradio.Blocks): Of :func:`build_page`.
        host (str): Address to listen at; 127.0.0.1: for this machine only.
        port (int): 1 to 65535.
        block (bool): Whether to wait. If not, ``page.close()`` ends it.

    Returns:
        str: The address of the page.

    Raises:
        OSError: If host or port cannot be listened at.
    """
    try:
        _, address, _ = page.launch(
            server_name=host,
            server_port=port,
            share=False,
            ssr_mode=False,
            prevent_thread_lock=True,
            quiet=True,
            max_file_size=LARGEST_FILE,
            footer_links=[],
            theme=gr.themes.Base(font=gr.themes.Font('sans-serif')),
            css=STYLE,
        )
    except OSError as err:
        raise OSError(
            f'{host}:{port} cannot be listened at: another program does so '
            '(choose another port), or the host is not this machine'
        ) from err
    if block:
        print(f'{address} (Ctrl+C ends it)', flush=True)
        try:
            Event().wait()  # gradio's own takes Ctrl+C for success
        finally:
            page.close(verbose=False)
    return address


def _connect(parts: Parts, handlers: Handlers) -> None:
    """Have a handler called when a part is used."""
    views = gr.State(time_to_live=KEPT)
    threshold, opacity, shown = parts.settings
    parts.file.change(
        handlers.look,
        [parts.file, parts.tags, threshold, opacity],
        [views, parts.message, shown, *parts.drawn],
        api_visibility='private',
    )
    quiet = dict(show_progress='hidden', api_visibility='private')
    parts.tags.change(
        handlers.tag,
        [views, parts.tags, *parts.settings],
        [views, *parts.drawn],
        **quiet,
    )
    for control in parts.settings:
        control.input(
            handlers.draw,
            [views, *parts.settings],
            parts.drawn,
            trigger_mode='always_last',
            **quiet,
        )
