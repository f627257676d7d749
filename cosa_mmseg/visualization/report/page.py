"""The page."""

import logging
from html import escape
from pathlib import Path

from cosa_mmseg.datasets.findings import describe_shared
from cosa_mmseg.utils.atomic import atomic_file

from .classes import draw_classes
from .curves import draw_curves
from .gallery import draw_gallery
from .markup import (
    note,
    section,
    table,
)
from .record import (
    TrainingRecord,
    read_training,
)
from .scores import draw_scores
from .style import CSS

logger = logging.getLogger(__name__)
FILE_NAME = 'report.html'
# nothing is loaded, whatever names and settings hold
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_SECTIONS = {
    'scores': 'Scores',
    'curves': 'Curves',
    'pictures': 'Pictures',
    'classes': 'Classes',
    'runs': 'Runs',
    'config': 'Config',
}
_FACTS = ('seed', 'device', 'processes')


def write_report(work_dir: str | Path, path: str | Path | None = None) -> Path:
    """Write what a training did as one HTML file that needs no other.

    It holds scores, curves, pictures, a table of the classes, command,
    versions and config, as far as the work dir has them: a training may have
    been resumed, have no validation, or have ended early. Files that cannot
    be used are left out, which the page and a warning say.

    Args:
        work_dir: Of the training.
        path: Of the file. None: ``report.html`` in the work dir.

    Returns:
        Path: Of the file.

    Raises:
        FileNotFoundError: The work dir is no folder, or holds no training.
    """
    record = read_training(work_dir)
    for problem in record.problems:
        logger.warning('left out of the report: %s', problem)
    path = Path(work_dir) / FILE_NAME if path is None else Path(path)
    html = render(record).encode(errors='backslashreplace')
    with atomic_file(path) as unfinished:
        unfinished.write_bytes(html)
    return path


def render(record: TrainingRecord) -> str:
    """The page as HTML."""
    contents = {
        'scores': _shared(record) + draw_scores(record),
        'curves': _curves(record),
        'pictures': draw_gallery(record),
        'classes': draw_classes(record.confusion),
        'runs': _runs(record),
        'config': _config(record),
    }
    title = escape(record.title)
    links = ''.join(
        f'<a href="#{name}">{text}</a>' for name, text in _SECTIONS.items()
    )
    sections = '\n'.join(
        section(text, name, contents[name]) for name, text in _SECTIONS.items()
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>{title}: training report</title>
<style>{CSS}</style>
</head>
<body>
<h1>{title}</h1>
<p class="state">{escape(_state(record))}</p>
{_skipped(record)}
{''.join(note(f'Left out: {problem}.') for problem in record.problems)}
<nav>{links}</nav>
{sections}
</body>
</html>
"""


def _state(record: TrainingRecord) -> str:
    """How far the training came."""
    info = record.runs[-1].info
    last, total = record.last_step, info.get('max_iters')
    if info.get('finished'):
        return f'Finished: {total or last} iterations.'
    known = f' of {total}' if total else ''
    ended = 'Not finished, or still running' if info else 'Logged'
    return f'{ended}: the log ends at iteration {last}{known}.'


def _skipped(record: TrainingRecord) -> str:
    """How many pictures were not trained with, where some were not."""
    return ''.join(
        note(
            f'Run {run.name}: {run.info["skipped"]} of '
            f'{run.info["train_images"]} training images could not be used '
            'and others took their places; its log names them.'
        )
        for run in record.runs
        if run.info.get('skipped') and 'train_images' in run.info
    )


def _shared(record: TrainingRecord) -> str:
    """How many of the scored images were trained with, where some were."""
    info = record.runs[-1].info
    shared = info.get('trained_and_scored')
    if not shared:
        return ''
    return note(describe_shared(shared, info.get('scored_images', shared)))


def _curves(record: TrainingRecord) -> str:
    curves = draw_curves(record)
    if not curves:
        return note('Nothing was logged to vis_data/scalars.json.')
    hint = note('Over iterations. Values of few points show when pointed at.')
    return f'{hint}<div class="columns">{curves}</div>'


def _runs(record: TrainingRecord) -> str:
    """Starts of the training, and what the last one ran with."""
    rows = []
    for run in record.runs:
        first, last = run.steps or ('\u2013', '\u2013')
        command = run.info.get('command', 'not recorded')
        rows.append([run.name, first, last, command])
    runs = table(rows, ('run', 'first logged', 'last', 'command'), 'runs')
    info = record.runs[-1].info
    facts = [(key, info[key]) for key in _FACTS if key in info]
    facts += info.get('versions', {}).items()
    trained = [row for row in record.rows if 'iter' in row]
    if trained and 'time' in trained[-1]:
        seconds = f'{trained[-1]["time"]:.3g}, as logged last'
        facts.append(('seconds an iteration', seconds))
    memory = [row['memory'] for row in trained if 'memory' in row]
    if memory:
        facts.append(('memory of the GPU, most', f'{max(memory)} MB'))
    if not info:
        runs += note('Versions and seed: not recorded, without ReportHook.')
    return runs + table((key, str(value)) for key, value in facts)


def _config(record: TrainingRecord) -> str:
    if record.config is None:
        return note('There is no config in vis_data.')
    return (
        '<details><summary>as it was run</summary>'
        f'<pre>{escape(record.config)}</pre></details>'
    )
