"""The page and its server."""

from collections.abc import Sequence

import gradio as gr
import numpy as np
from PIL import Image

from cosa_mmseg.apis import CoSAInferencer
from cosa_mmseg.models.segmentors import DualStreamSegmentor

from .handlers import PICTURES, Handlers, title_of
from .views import NETWORKS

LARGEST_FILE = '50mb'
# Uploads and their results are deleted when they are this old; seconds
KEPT = 3600
ABOUT = """# CoSA
Upload a picture and see what both networks make of it. With **tags**, what
the picture is known to show, they choose among these classes only."""
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
    inferencer: CoSAInferencer, examples: Sequence[str] = ()
) -> gr.Blocks:
    """The page of a model.

    Args:
        inferencer (CoSAInferencer): Of a model of two networks with CAMs.
        examples (Sequence[str]): Files of pictures to offer.

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
    handlers = Handlers(inferencer)
    with gr.Blocks(
        analytics_enabled=False, title='CoSA', delete_cache=(KEPT, KEPT)
    ) as page:
        views = gr.State(time_to_live=KEPT)
        with gr.Row():
            with gr.Column(scale=2, min_width=280):
                gr.Markdown(ABOUT)
                file = gr.File(
                    label='Picture',
                    file_types=['image'],
                    elem_id='file',
                    height=140,
                )
                message = gr.HTML(elem_id='message', visible=False)
                controls = _controls(inferencer.classes[1:])
                offered = _offer(examples)
            with gr.Column(scale=5):
                pictures = _pictures()
                table = gr.HTML(elem_id='legend')
        tags, threshold, opacity, shown = controls
        settings = [threshold, opacity, shown]
        drawn = [*pictures, table]
        quiet = dict(show_progress='hidden', api_visibility='private')
        file.change(
            handlers.look,
            [file, tags, threshold, opacity],
            [views, message, shown, *drawn],
            api_visibility='private',
        )
        tags.change(
            handlers.tag, [views, tags, *settings], [views, *drawn], **quiet
        )
        for control in settings:
            control.input(
                handlers.draw,
                [views, *settings],
                drawn,
                trigger_mode='always_last',
                **quiet,
            )
        if offered is not None:
            paths = [str(path) for path in examples]

            def choose(event: gr.SelectData) -> str:
                return paths[event.index]

            offered.select(choose, None, file, api_visibility='private')
    return page


def serve(
    page: gr.Blocks, host: str, port: int | None, block: bool = True
) -> str:
    """Serve a page until it is interrupted; nothing leaves the machine.

    Args:
        page (gradio.Blocks): Of :func:`build_page`.
        host (str): Address to listen at; 127.0.0.1: for this machine only.
        port (int, optional): By default a free one from 7860 on.
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
            f'{host}:{port} cannot be listened at, perhaps because another '
            'program does: choose another port'
        ) from err
    if block:
        print(f'{address} (Ctrl+C ends it)', flush=True)
        page.block_thread()
    return address


def _controls(names: Sequence[str]) -> list:
    """Tags, threshold, opacity and the class whose CAM is shown."""
    return [
        gr.Dropdown(
            [*names], label='Tags (optional)', multiselect=True, elem_id='tags'
        ),
        gr.Slider(
            0.05,
            0.95,
            0.5,
            step=0.05,
            label='Threshold of the CAM mask',
            elem_id='threshold',
        ),
        gr.Slider(0, 1, 0.55, step=0.05, label='Opacity', elem_id='opacity'),
        gr.Radio(
            [*names],
            label="CAM of (assignment network's score)",
            elem_id='classes',
        ),
    ]


def _pictures() -> list:
    """Places of the pictures: those of a network below each other."""
    places = {}
    for kind in PICTURES:
        with gr.Row():
            for network in NETWORKS:
                places[network, kind] = gr.Image(
                    label=title_of(network, kind),
                    format='png',
                    height=250,
                    interactive=False,
                    buttons=['download', 'fullscreen'],
                    elem_classes='picture',
                    elem_id=f'{network}-{kind.replace(" ", "-")}',
                )
    return [places[network, k] for network in NETWORKS for k in PICTURES]


def _offer(examples: Sequence[str]) -> gr.Gallery | None:
    """Small pictures to choose from, if there are any."""
    if not examples:
        return None
    small = []
    for path in examples:
        with Image.open(path) as image:
            image.thumbnail((128, 128))
            small.append(np.asarray(image.convert('RGB')))
    return gr.Gallery(
        small,
        show_label=False,
        columns=3,
        height=110,
        allow_preview=False,
        interactive=False,
        elem_id='examples',
        buttons=[],
    )
