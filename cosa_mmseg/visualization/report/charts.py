"""Line charts as SVG."""

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import cycle
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .record import ONLINE, TrainingRecord

# Okabe and Ito's, which the colour-blind can tell apart
COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9')
LEAST = 1e-100  # value on a logarithmic scale
MOST_DOTS = 40  # points up to which each has a dot and a tooltip
# text as text, and the same identifiers each time
STYLE: Any = {
    'svg.fonttype': 'none',
    'svg.hashsalt': 'cosa',
    'font.family': 'DejaVu Sans',
    'font.size': 9,
    'axes.grid': True,
    'axes.grid.axis': 'y',
    'grid.color': '#e4e4e4',
}
ANONYMOUS = dict.fromkeys(('Creator', 'Date', 'Format', 'Type'))


@dataclass(frozen=True)
class Line:
    """A curve.

    Attributes:
        name: Key of the log.
        points: (iteration, value), ascending; at least one.
        colour: Of CSS.
        dashed: Whether the line is, as those of the online network are.
    """

    name: str
    points: Sequence[tuple[int, float]]
    colour: str
    dashed: bool


@dataclass(frozen=True)
class Chart:
    """A drawing of curves.

    Attributes:
        lines: The curves, for a legend.
        svg: An ``svg`` element.
        hidden: Names of those that a logarithmic scale has no place for.
    """

    lines: list[Line]
    svg: Markup
    hidden: list[str]


@rc_context(STYLE)
def draw_chart(
    record: TrainingRecord,
    title: str,
    keys: Sequence[str],
    limits: tuple[float, float] | None = None,
    log: bool = False,
) -> Chart | None:
    """Draw logged values over the iterations.

    Args:
        record: Of the training.
        title: What a screen reader says.
        keys: Of the log; those of the online network follow by themselves.
        limits: Values at the bottom and the top; None: as the curves need.
        log: Whether values are on a logarithmic scale; those that are not
            positive are left out.

    Returns:
        Chart | None: None without values.
    """
    lines = [
        Line(name, points, colour, name != key)
        for key, colour in zip(keys, cycle(COLOURS), strict=False)
        for name in (key, ONLINE + key)
        if (points := record.series(name))
    ]
    if not lines:
        return None
    figure = Figure(figsize=(5.2, 2.5), facecolor='none')
    axes = figure.add_axes((0.13, 0.12, 0.84, 0.84), frame_on=False)
    if log:
        axes.set_yscale('log')
    tooltips, hidden, last = [], [], 1
    for line in lines:
        points = [p for p in line.points if p[1] > LEAST or not log]
        if points:
            last = max(last, points[-1][0])
            tooltips += _draw(axes, line, points, limits)
        else:
            hidden.append(line.name)
    axes.set_xlim(0, 1.02 * last)
    if limits:
        room = 0.03 * (limits[1] - limits[0])
        axes.set_ylim(limits[0] - room, limits[1] + room)
    axes.tick_params(length=0, labelcolor='#666')
    axes.minorticks_off()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter('{x:g}')
    return Chart(lines, _svg(figure, title, tooltips), hidden)


def _draw(
    axes: Axes,
    line: Line,
    points: Sequence[tuple[int, float]],
    limits: tuple[float, float] | None,
) -> list[str]:
    """Draw a curve; return the tooltips of its dots, which few points have."""
    style = '--' if line.dashed else '-'
    axes.plot(*zip(*points, strict=True), style, color=line.colour, lw=1.5)
    low, high = limits or (-math.inf, math.inf)
    dots = [p for p in points if low <= p[1] <= high]
    if len(points) > MOST_DOTS or not dots:
        return []
    axes.plot(*zip(*dots, strict=True), 'o', color=line.colour, ms=4)
    return [f'{line.name} {value:.4g} at {step:g}' for step, value in dots]


def _svg(figure: Figure, title: str, tooltips: Sequence[str]) -> Markup:
    """Return the SVG of a figure, the only markers of which are dots."""
    buffer = io.StringIO()
    figure.savefig(buffer, format='svg', metadata=ANONYMOUS)
    _, start, drawing = buffer.getvalue().partition('<svg ')
    texts = iter(tooltips)
    drawing = re.sub(
        r'(<use [^>]*)/>',
        lambda dot: f'{dot[1]}><title>{escape(next(texts, ""))}</title></use>',
        drawing,
    )
    return Markup(f'{start}role="img" aria-label="{escape(title)}" {drawing}')
