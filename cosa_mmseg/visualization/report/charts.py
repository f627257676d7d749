"""Line charts as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from matplotlib.ticker import LogLocator, MaxNLocator

WIDTH, HEIGHT = 520, 250
LEFT, RIGHT, TOP, BOTTOM = 68, 24, 10, 30
COLOURS = (
    '#0072b2',  # Okabe and Ito's, which the colour-blind can tell apart
    '#d55e00',
    '#009e73',
    '#cc79a7',
    '#e69f00',
    '#56b4e9',
    '#7f7f7f',
    '#000000',
)
LEAST = 1e-100  # value on a logarithmic scale
MOST_DOTS = 40  # points up to which each has a dot and a tooltip


@dataclass(frozen=True)
class Line:
    """A curve.

    Attributes:
        name: Shown in the legend and in tooltips.
        points: (iteration, value), ascending; at least one.
        colour: Of CSS.
        dashed: Whether the line is.
    """

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    dashed: bool = False

    @property
    def stroke(self) -> str:
        """Attributes of an SVG element."""
        dash = ' stroke-dasharray="6 4"' if self.dashed else ''
        return f'stroke="{self.colour}"{dash}'


@dataclass(frozen=True)
class _Axis:
    """From values to pixels.

    Attributes:
        low: The value at the pixel `start`, below `high`.
        high: The value at the pixel `end`.
        start: Pixels.
        end: Pixels.
        log: Whether the scale is logarithmic; values are positive then.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high = self.low, self.high
        if self.log:
            low, high, value = (math.log(v) for v in (low, high, value))
        share = (value - low) / (high - low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        """Round values within the axis."""
        locator = LogLocator() if self.log else MaxNLocator(5)
        ticks = locator.tick_values(self.low, self.high)
        slack = 1e-9 * (self.high - self.low)
        return [
            float(tick)
            for tick in ticks
            if self.low - slack <= tick <= self.high + slack
        ]


def draw_chart(
    lines: Sequence[Line],
    title: str,
    limits: tuple[float, float] | None = None,
    log: bool = False,
) -> str:
    """Draw curves over the iterations.

    Args:
        lines: At least one.
        title: What a screen reader says.
        limits: Values at the bottom and the top; None: as the curves need.
        log: Whether values are on a logarithmic scale; those that are not
            positive are left out.

    Returns:
        str: An ``svg`` element.
    """
    lines = [line for line in (_shown(line, log) for line in lines) if line]
    values = [value for line in lines for _, value in line.points]
    steps = [step for line in lines for step, _ in line.points]
    low, high = limits or _limits(values, log)
    x = _Axis(0, max(steps, default=0) or 1, LEFT, WIDTH - RIGHT)
    y = _Axis(low, high, HEIGHT - BOTTOM, TOP, log)
    parts = [*_grid(x, y), *(_draw(line, x, y) for line in lines)]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def draw_swatch(line: Line) -> str:
    """A short piece of a curve, for a legend: an ``svg`` element."""
    return (
        '<svg viewBox="0 0 22 8" class="swatch">'
        f'<polyline points="0,4 22,4" {line.stroke}/></svg>'
    )


def _shown(line: Line, log: bool) -> Line | None:
    """The line without points that the scale has no place for."""
    if not log:
        return line
    points = [(s, value) for s, value in line.points if value > LEAST]
    return (
        Line(line.name, points, line.colour, line.dashed) if points else None
    )


def _limits(values: Sequence[float], log: bool) -> tuple[float, float]:
    """A range that holds all values, with some room."""
    if log:
        low, high = (min(values, default=0.1), max(values, default=1))
        return (
            10.0 ** math.floor(math.log10(low)),
            10.0 ** (math.floor(math.log10(high)) + 1),
        )
    low, high = min(values), max(values)
    room = max(0.08 * (high - low), 0.05 * max(abs(low), abs(high))) or 1
    return low - room, high + room


def _grid(x: _Axis, y: _Axis) -> list[str]:
    """Lines across, and numbers at both axes."""
    parts = []
    for tick in y.ticks():
        height = y(tick)
        parts.append(
            f'<line class="grid" x1="{x.start}" x2="{x.end}" '
            f'y1="{height}" y2="{height}"/><text class="y" '
            f'x="{LEFT - 6}" y="{height + 4:g}">{tick:g}</text>'
        )
    for tick in x.ticks():
        parts.append(
            f'<text class="x" x="{x(tick)}" y="{HEIGHT - 10}">{tick:g}</text>'
        )
    return parts


def _draw(line: Line, x: _Axis, y: _Axis) -> str:
    """A curve; of few points each has a dot."""
    places = [(x(step), y(value)) for step, value in line.points]
    path = ' '.join(f'{left},{top}' for left, top in places)
    parts = [f'<polyline points="{path}" {line.stroke}/>']
    if len(places) <= MOST_DOTS:
        parts += [
            f'<circle cx="{left}" cy="{top}" r="3" fill="{line.colour}">'
            f'<title>{escape(line.name)} {value:.4g} at {step:g}</title>'
            '</circle>'
            for (left, top), (step, value) in zip(
                places, line.points, strict=True
            )
        ]
    return ''.join(parts)
