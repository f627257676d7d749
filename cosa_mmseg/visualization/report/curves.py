"""Which curves a report has, and what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .charts import (
    COLOURS,
    LEAST,
    Line,
    draw_chart,
    draw_swatch,
)
from .record import (
    ONLINE,
    TrainingRecord,
)

PERCENT, SHARE = (0.0, 100.0), (0.0, 1.0)


@dataclass(frozen=True)
class Chart:
    """Curves that belong together.

    Attributes:
        title: Above it.
        meaning: Below it.
        keys: Of the log; those of the online network follow by themselves.
        limits: Values at the bottom and the top; None: as the curves need.
        log: Whether values are on a logarithmic scale.
    """

    title: str
    meaning: str
    keys: Sequence[str]
    limits: tuple[float, float] | None = None
    log: bool = False


CHARTS = (
    Chart(
        'Segmentation',
        'mIoU on the validation set, percent, from the image alone. Solid: '
        'assignment network; dashed: online network '
        "(model.test_cfg.network='both').",
        ('mIoU',),
        PERCENT,
    ),
    Chart(
        'CAM',
        'The same of the CAMs at threshold .5, with the classes that the '
        'network predicts.',
        ('cam_mIoU', 'cam_aux_mIoU'),
        PERCENT,
    ),
    Chart(
        'Label-filtered scores',
        'Here the prediction is told the true image-level labels of the image '
        'it is scored on: not comparable with the scores above.',
        (
            'mIoU_label_filtered',
            'cam_mIoU_label_filtered',
            'cam_aux_mIoU_label_filtered',
        ),
        PERCENT,
    ),
    Chart(
        'Classification',
        'Mean average precision of the image-level class scores, percent.',
        ('cls_mAP', 'cls_image_mAP'),
        PERCENT,
    ),
    Chart(
        'Threshold \u03be',
        'Above it a pixel of the main or auxiliary CAM is foreground. It '
        'moves where it is dynamic.',
        ('xi', 'xi_aux'),
        SHARE,
    ),
    Chart(
        'Coverage of the CAM pseudo labels',
        'Shares of the training pixels that the main CPL calls foreground, '
        'background, or ignores. A foreground share near 0 or 1 is the first '
        'sign of a wrong threshold.',
        ('cpl_foreground', 'cpl_background', 'cpl_ignored'),
        SHARE,
    ),
    Chart(
        'Agreement',
        'Share of the pixels, ignored ones aside, that CPL and SPL call the '
        'same class; and share of the pixels that loss_csc pairs.',
        ('cpl_spl_agreement', 'csc_share'),
        SHARE,
    ),
    Chart(
        'Weight of the foreground',
        'Mean reliability weight of the foreground pixels; over all pixels it '
        "is 1. With mean_of='sides' it is 1 by itself.",
        ('weight_foreground',),
    ),
)


def draw_curves(record: TrainingRecord) -> str:
    """Figures of all charts that the log has values for, HTML."""
    keys = {key for row in record.rows for key in row}
    losses = sorted(key for key in keys if 'loss' in key and key != 'loss')
    charts = [
        *CHARTS,
        Chart(
            'Losses',
            'Means over the logged iterations, each with its weight, on a '
            'logarithmic scale. Those besides classification begin after the '
            'warm-up.',
            losses or ['loss'],
            log=True,
        ),
        Chart('Learning rate', 'Of the first parameter group.', ('lr',)),
    ]
    return '\n'.join(filter(None, (_figure(record, c) for c in charts)))


def _figure(record: TrainingRecord, chart: Chart) -> str:
    """One chart with its legend; empty without values."""
    lines = []
    for number, key in enumerate(chart.keys):
        colour = COLOURS[number % len(COLOURS)]
        for name in (key, ONLINE + key):
            points = record.series(name)
            if points:
                dashed = name != key
                lines.append(Line(name, points, colour, dashed))
    if not lines:
        return ''
    legend = ''.join(
        f'<li>{draw_swatch(line)}{escape(line.name)} '
        f'<b>{line.points[-1][1]:.4g}</b></li>'
        for line in lines
    )
    drawing = draw_chart(lines, chart.title, chart.limits, chart.log)
    meaning = chart.meaning
    if chart.log and (hidden := _never_positive(lines)):
        meaning += f' Not drawn, as it is never positive: {hidden}.'
    return (
        f'<figure><h3>{escape(chart.title)}</h3>'
        f'<ul class="legend">{legend}</ul>{drawing}'
        f'<figcaption>{escape(meaning)}</figcaption></figure>'
    )


def _never_positive(lines: Sequence[Line]) -> str:
    """Names of the curves that a logarithmic scale has no place for."""
    return ', '.join(
        line.name
        for line in lines
        if all(value <= LEAST for _, value in line.points)
    )
