"""Where the parts of the page are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import gradio as gr
import numpy as np

from cosa_mmseg.interop.trained import NETWORKS

from .handlers import (
    PICTURES,
    title_of,
)

ABOUT = """# CoSA
Upload a picture and see what both networks make of it. With **tags**, what
the picture is known to show, they choose among these classes only."""


@dataclass(frozen=True)
class Parts:
    """Parts of the page that handlers read and write.

    Attributes:
        file: The picture that is uploaded or chosen.
        message: What is wrong with it.
        tags: What it is known to show.
        settings: Threshold, opacity and the class whose CAM is shown.
        drawn: Places of what :meth:`Handlers.draw` returns.
    """

    file: gr.File
    message: gr.HTML
    tags: gr.Dropdown
    settings: list
    drawn: list


def lay_out(names: Sequence[str], examples: Mapping[str, np.ndarray]) -> Parts:
    """Place the parts, inputs on the left.

    Args:
        names (Sequence[str]): Of the foreground classes.
        examples (Mapping[str, np.ndarray]): Of :func:`find_examples`.
    """
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
            tags = gr.Dropdown(
                [*names],
                label='Tags (optional)',
                multiselect=True,
                elem_id='tags',
            )
            settings = _settings(names)
            if examples:
                _offer(examples, file)
        with gr.Column(scale=5):
            pictures = _pictures()
            table = gr.HTML(elem_id='legend')
    return Parts(file, message, tags, settings, [*pictures, table])


def _settings(names: Sequence[str]) -> list:
    """Threshold, opacity and the class whose CAM is shown."""
    return [
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


def _offer(examples: Mapping[str, np.ndarray], file: gr.File) -> None:
    """Small pictures to choose a file from."""
    paths = [*examples]

    def choose(event: gr.SelectData) -> str:
        return paths[event.index]

    offered = gr.Gallery(
        [*examples.values()],
        show_label=False,
        columns=3,
        height=110,
        allow_preview=False,
        interactive=False,
        elem_id='examples',
        buttons=[],
    )
    offered.select(choose, None, file, api_visibility='private')
