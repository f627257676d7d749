"""What happens when a control of the page is used."""

from collections.abc import Iterator
from html import escape

import gradio as gr
import numpy as np

from cosa_mmseg.apis import CoSAInferencer
from cosa_mmseg.interop.trained import NETWORKS

from .table import draw_table
from .views import (
    NetworkView,
    look,
)

# What the page shows of each network, from top to bottom
PICTURES = ('segmentation', 'CAM mask', 'CAM')
NUM_DRAWN = len(NETWORKS) * len(PICTURES) + 1  # with the table


def title_of(network: str, kind: str) -> str:
    """What is written over a picture."""
    return f'{network.capitalize()} network: {kind}'


class Handlers:
    """Turns settings of the page into its pictures.

    Args:
        inferencer (CoSAInferencer): What is asked about new pictures.
    """

    def __init__(self, inferencer: CoSAInferencer) -> None:
        self.inferencer = inferencer

    def look(
        self,
        path: str | None,
        tags: list[str],
        threshold: float,
        opacity: float,
    ) -> list:
        """Show a new picture to both networks.

        Returns:
            list: Views, a sentence if they cannot be had, the classes to
            choose from, and what :meth:`draw` returns.
        """
        if path is None:
            return _nothing('')
        try:
            views = look(self.inferencer, path)
        except (OSError, ValueError) as err:
            return _nothing(str(err))
        if tags:
            views = [view.with_tags(self.inferencer, tags) for view in views]
        scores = views[0].prediction.scores or {}
        names = sorted(scores, key=lambda name: -scores[name])
        choices = [(f'{name} {scores[name]:.2f}', name) for name in names]
        classes = gr.update(choices=choices, value=names[0])
        drawn = self.draw(views, threshold, opacity, names[0])
        return [views, _say(''), classes, *drawn]

    def tag(
        self,
        views: list[NetworkView] | None,
        tags: list[str],
        threshold: float,
        opacity: float,
        name: str | None,
    ) -> list:
        """Choose among other classes; the networks are not asked again.

        Returns:
            list: Views, and what :meth:`draw` returns.
        """
        if views is not None:
            views = [view.with_tags(self.inferencer, tags) for view in views]
        return [views, *self.draw(views, threshold, opacity, name)]

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
            return [gr.skip()] * NUM_DRAWN
        drawn = [
            gr.update(value=image, label=title_of(network, kind))
            for network, view in zip(NETWORKS, views, strict=True)
            for kind, image in self._draw(view, threshold, opacity, name)
        ]
        return [*drawn, draw_table(views, self.inferencer.palette, threshold)]

    def _draw(
        self, view: NetworkView, threshold: float, opacity: float, name: str
    ) -> Iterator[tuple[str, np.ndarray]]:
        """The pictures of a network and what they are called."""
        palette = self.inferencer.palette
        filtered = view.prediction.labels is not None
        note = ', label-filtered' if filtered else ''
        segmentation, mask, cam = PICTURES
        yield segmentation + note, view.draw_segmentation(palette, opacity)
        yield mask + note, view.draw_cam_mask(palette, opacity, threshold)
        id_ = self.inferencer.classes.index(name)
        yield f'{cam} of {name}', view.draw_cam(id_, opacity)


def _nothing(sentence: str) -> list:
    """What :meth:`Handlers.look` returns of no picture, and why."""
    pictures = [
        gr.update(value=None, label=title_of(network, kind))
        for network in NETWORKS
        for kind in PICTURES
    ]
    return [None, _say(sentence), gr.skip(), *pictures, '']


def _say(sentence: str) -> dict:
    """Show a sentence; an empty one takes no place."""
    text = f'<p class="bad">{escape(sentence)}</p>'
    return gr.update(value=text, visible=bool(sentence))
