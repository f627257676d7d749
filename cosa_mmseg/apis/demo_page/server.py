"""The server of the page."""

from pathlib import Path
from threading import Event

import gradio as gr

LARGEST_FILE = '50mb'
# Uploads and their results are deleted when they are this old; seconds
KEPT = 3600


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
            css=Path(__file__).with_name('page.css').read_text(),
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
