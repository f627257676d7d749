"""The page."""

import logging
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cosa_mmseg.datasets.findings import describe_shared
from cosa_mmseg.utils.atomic import atomic_file

from .charts import draw_chart
from .classes import LEAST_SHARE, class_scores
from .pictures import embed_pictures
from .record import TrainingRecord, read_training
from .scores import score_tables

logger = logging.getLogger(__name__)
FILE_NAME = 'report.html'
_FACTS = ('seed', 'device', 'processes')
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=StrictUndefined,
)


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
    """Return the page as HTML; names and values in it are escaped."""
    html = _ENVIRONMENT.get_template('report.html.jinja').render(
        record=record,
        scores=score_tables(record),
        embed_pictures=embed_pictures,
        facts=_facts(record),
        draw_chart=draw_chart,
        class_scores=class_scores,
        describe_shared=describe_shared,
        least_share=LEAST_SHARE,
    )
    return html.lstrip()


def _facts(record: TrainingRecord) -> list[tuple[str, str]]:
    """Return what the last run ran with, and what it took."""
    info = record.runs[-1].info
    facts = {key: info[key] for key in _FACTS if key in info}
    facts.update(info.get('versions', {}))
    trained = [row for row in record.rows if 'iter' in row]
    if trained and 'time' in trained[-1]:
        seconds = f'{trained[-1]["time"]:.3g}, as logged last'
        facts['seconds an iteration'] = seconds
    memory = [row['memory'] for row in trained if 'memory' in row]
    if memory:
        facts['memory of the GPU, most'] = f'{max(memory)} MB'
    return [(key, str(value)) for key, value in facts.items()]
