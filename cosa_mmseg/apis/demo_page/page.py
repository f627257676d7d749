"""The page: its parts, and what happens when one is used."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from cosa_mmseg.apis import CoSAInferencer
from cosa_mmseg.interop.trained import NETWORKS
from cosa_mmseg.models.segmentors import DualStreamSegmentor
from cosa_mmseg.visualization.overlay import draw_overlay

from .server import KEPT
from .table import draw_table
from .views import NetworkView, predict_both

ABOUT = """# CoSA
Upload a picture and see what both networks make of it. With **tags**, what
the picture is known to show, they choose among these classes only."""
# What the page shows of each network, from top to bottom
PICTURES = ('segmentation', 'CAM mask', 'CAM')


def build_page(
    inferencer: CoSAInferencer, examples: Mapping[str, np.ndarray]
) -> gr.Blocks:
    """Return the page of a model.

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
    return DemoPage(inferencer, examples).blocks


class DemoPage:
    """Inputs on the left, pictures of both networks on the right.

    Args:
        inferencer (CoSAInferencer): What predicts new pictures.
        examples (Mapping[str, np.ndarray]): Of :func:`find_examples`.

    Attributes:
        blocks (gradio.Blocks): The page.
    """

    def __init__(
        self, inferencer: CoSAInferencer, examples: Mapping[str, np.ndarray]
    ) -> None:
        self.inferencer = inferencer
        with (
            gr.Blocks(
                analytics_enabled=False,
                title='CoSA',
                delete_cache=(KEPT, KEPT),
            ) as self.blocks,
            gr.Row(),
        ):
            with gr.Column(scale=2, min_width=280):
                self._place_inputs(inferencer.classes[1:])
                if examples:
                    self._place_examples(examples)
            with gr.Column(scale=5):
                self._place_pictures()
            self._connect()

    def _place_inputs(self, names: Sequence[str]) -> None:
        """Place the file, its tags, and the settings of what is drawn."""
        gr.Markdown(ABOUT)
        self.file = gr.File(
            label='Picture', file_types=['image'], elem_id='file', height=140
        )
        self.message = gr.HTML(elem_id='message', visible=False)
        self.tags = gr.Dropdown(
            [*names],
            label='Tags (optional)',
            multiselect=True,
            elem_id='tags',
        )
        title = 'Threshold of the CAM mask'
        self.threshold = gr.Slider(
            0.05, 0.95, 0.5, step=0.05, label=title, elem_id='threshold'
        )
        self.opacity = gr.Slider(
            0, 1, 0.55, step=0.05, label='Opacity', elem_id='opacity'
        )
        title = "CAM of (assignment network's score)"
        self.shown = gr.Radio([*names], label=title, elem_id='classes')

    def _place_examples(self, examples: Mapping[str, np.ndarray]) -> None:
        """Place small pictures to choose a file from."""
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
        offered.select(choose, None, self.file, api_visibility='private')

    def _place_pictures(self) -> None:
        """Place what is drawn: pictures of a network below each other."""
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
        self.drawn = [places[n, kind] for n in NETWORKS for kind in PICTURES]
        self.drawn.append(gr.HTML(elem_id='legend'))

    def _connect(self) -> None:
        """Have a method called when a part is used."""
        views = gr.State(time_to_live=KEPT)
        settings = [self.threshold, self.opacity, self.shown]
        self.file.change(
            self.predict,
            [self.file, self.tags, self.threshold, self.opacity],
            [views, self.message, self.shown, *self.drawn],
            api_visibility='private',
        )
        quiet = dict(show_progress='hidden', api_visibility='private')
        self.tags.change(
            self.tag,
            [views, self.tags, *settings],
            [views, *self.drawn],
            **quiet,
        )
        for control in settings:
            control.input(
                self.draw,
                [views, *settings],
                self.drawn,
                trigger_mode='always_last',
                **quiet,
            )

    def predict(
        self,
        path: str | None,
        tags: list[str],
        threshold: float,
        opacity: float,
    ) -> list:
        """Predict a new picture with both networks.

        Returns:
            list: Views, a sentence if they cannot be had, the classes to
            choose from, and what :meth:`draw` returns.
        """
        message = ''
        try:
            views = predict_both(self.inferencer, path) if path else None
        except (OSError, ValueError) as err:
            views, message = None, str(err)
        said = gr.update(
            value=f'<p class="bad">{escape(message)}</p>',
            visible=bool(message),
        )
        if views is None:
            empty = [
                gr.update(value=None, label=title_of(network, kind))
                for network in NETWORKS
                for kind in PICTURES
            ]
            return [None, said, gr.skip(), *empty, '']
        if tags:
            views = [view.with_tags(self.inferencer, tags) for view in views]
        scores = views[0].prediction.scores or {}
        names = sorted(scores, key=lambda name: -scores[name])
        choices = [(f'{name} {scores[name]:.2f}', name) for name in names]
        classes = gr.update(choices=choices, value=names[0])
        drawn = self.draw(views, threshold, opacity, names[0])
        return [views, said, classes, *drawn]

    def tag(
        self, views: list[NetworkView] | None, tags: list[str], *settings: Any
    ) -> list:
        """Choose among other classes; no network is run again.

        Returns:
            list: Views, and what :meth:`draw` returns.
        """
        if views is not None:
            views = [view.with_tags(self.inferencer, tags) for view in views]
        return [views, *self.draw(views, *settings)]

    def draw(
        self,
        views: list[NetworkView] | None,
        threshold: float,
        opacity: float,
        name: str | None,
    ) -> list:
        """Draw what is known of a picture.

        Args:
            views (list[NetworkView], optional): None: no picture yet.
            threshold (float): Of the CAM masks.
            opacity (float): Of the colours, in [0, 1].
            name (str, optional): Whose CAM to draw.

        Returns:
            list: The pictures of the first network, those of the second, and
            the table.
        """
        if views is None or name is None:
            return [gr.skip()] * len(self.drawn)
        palette = self.inferencer.palette
        id_ = self.inferencer.classes.index(name)
        labels = views[0].prediction.labels
        note = '' if labels is None else ', label-filtered'
        segmentation, mask, cam = PICTURES
        titles = (segmentation + note, mask + note, f'{cam} of {name}')
        drawn = []
        for network, view in zip(NETWORKS, views, strict=True):
            images = (
                view.draw_segmentation(palette, opacity),
                draw_overlay(
                    view.image, view.cam_mask(threshold), palette, opacity
                ),
                view.draw_cam(id_, opacity),
            )
            drawn += [
                gr.update(value=image, label=title_of(network, title))
                for title, image in zip(titles, images, strict=True)
            ]
        return [*drawn, draw_table(views, palette, threshold)]


def title_of(network: str, kind: str) -> str:
    """Return what is written over a picture."""
    return f'{network.capitalize()} network: {kind}'
