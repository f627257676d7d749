"""Figures as Markdown tables that are also aligned as plain text."""

from collections.abc import Sequence

from .environment import environment_line
from .memory import memory_line

SHARES_NOTE = (
    'Medians of parts need not sum to the median of the step; the shares, '
    'which are of the time of all steps, do.'
)
# columns of an inference's table, and the parts whose shares they are
SHARES = (
    ('data %', ('data', 'preprocessing')),
    ('networks %', ('networks',)),
    ('resize %', ('resize to original',)),
)


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """A table with the first column to the left, the others to the right.

    Args:
        rows: Cells; the first row is the heading.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        texts = [first[0].ljust(first[1])]
        texts += [cell.rjust(width) for cell, width in others]
        return f'| {" | ".join(texts)} |'

    rule = [
        '-' * widths[0],
        *('-' * (width - 1) + ':' for width in widths[1:]),
    ]
    return '\n'.join([line(rows[0]), line(rule), *map(line, rows[1:])])


def step_table(report: dict) -> str:
    """The report of :func:`benchmark_step` as text."""
    rows = [['part', 'calls', 'median ms', 'min', 'max', 'share %', 'units']]
    groups = {row['group']: row for row in report['groups']}
    for row in report['parts']:
        group, _, name = row['part'].rpartition('/')
        if group in groups:
            rows.append([group, '', *_figures(groups.pop(group))])
        indent = '- ' if group else ''
        calls = str(row['calls'] or '')  # what is in no part has none
        rows.append([f'{indent}{name}', calls, *_figures(row)])
    rows.append(['whole step', '', *_figures(report['total'])])
    got = report['resolved']
    lines = [
        markdown_table(rows),
        '',
        f'{report["images_per_second"]:.3f} images per second; '
        f'{got["images_per_step"]} images of {got["crop"][0]} x '
        f'{got["crop"][1]} in batches of {got["batch_size"]}, '
        f'{got["num_classes"]} classes, AMP {got["amp"]}, phase '
        f'{got["phase"]}',
        *_foot(report),
        SHARES_NOTE,
    ]
    return '\n'.join(lines)


def _figures(row: dict) -> list[str]:
    """Cells of a part."""
    times = [f'{1000 * row[key]:.2f}' for key in ('median', 'min', 'max')]
    return [*times, f'{100 * row["share"]:.1f}', f'{row["units"]:.3f}']


def _foot(report: dict) -> list[str]:
    """What all benchmarks say below their table."""
    unit, peak = report['unit'], report['peak_memory']
    return [
        f'peak memory: {memory_line(peak, peak["host_before"])}',
        f'{unit["what"]}: {1000 * unit["median"]:.2f} ms '
        f'(min {1000 * unit["min"]:.2f}, max {1000 * unit["max"]:.2f}; '
        f'{len(unit["seconds"])} times)',
        environment_line(report['environment']),
        *report['notes'],
    ]


def inference_table(report: dict) -> str:
    """The report of :func:`benchmark_inference` as text."""
    heading = ['views', 'mode', 'AMP', 'batch', 'images/s', 'ms/image']
    heading += ['min', 'max', 'units/image']
    heading += [name for name, _ in SHARES] + ['other %', 'peak GB']
    rows = [heading]
    for row in report['rows']:
        batch, total = row['batch_size'], row['total']
        share = {part['part']: part['share'] for part in row['parts']}
        shares = [sum(share.get(p, 0) for p in parts) for _, parts in SHARES]
        peak = row['peak_memory']
        rows.append(
            [
                row['views'],
                row['mode'],
                row['amp'],
                str(batch),
                f'{row["images_per_second"]:.3f}',
                *(
                    f'{1000 * total[key] / batch:.2f}'
                    for key in ('median', 'min', 'max')
                ),
                f'{total["units"] / batch:.3f}',
                *(f'{100 * each:.1f}' for each in (*shares, 1 - sum(shares))),
                f'{peak.get("gpu", peak["host"]) / 1e9:.2f}',
            ]
        )
    return '\n'.join([markdown_table(rows), '', *_foot(report)])
