"""The matrix as a Markdown document."""

from collections.abc import Mapping, Sequence

from tools.lab.benchmark.environment import machine_line

from .cell import (
    WARMUP,
    Conditions,
)

Results = Mapping[tuple[str, str], dict]  # (backbone, head) -> result
NONE = '-'
GB = 1e9
LEGEND = (
    'Trains: over the steps the loss falls (mean of the first and of the '
    'last quarter of them), in each a finite gradient that is not 0 reaches '
    "the backbone's first convolution, and the CAM is not constant over the "
    'image. Parameters: of one network; there are two. Stride and width: of '
    f'the main feature. Step: the median, without the first {WARMUP} steps, '
    'of a whole step: pseudo labels from six views, both streams, the '
    'optimiser and the moving average; on a CPU the seconds that its threads '
    'computed. Memory: on a CPU the peak of the '
    'process, with Python and its libraries; on a GPU that of the tensors.'
)


def document(
    backbones: Sequence[str],
    heads: Sequence[str],
    results: Results,
    conditions: Conditions,
    command: str,
) -> str:
    """The whole Markdown document.

    Args:
        backbones: Rows, in their order.
        heads: Columns, in their order.
        results: Of the cells that were run, at least one.
        conditions: What they share.
        command: What made them.
    """
    number = len(backbones) * len(heads)
    trained = sum(_trains(result) for result in results.values())
    facts = [
        f'{number} pairs: {trained} train, {len(results) - trained} do not, '
        f'{number - len(results)} not run',
        f'shapes set, {conditions.iters} steps on one batch of '
        f'{conditions.batch_size} images of {conditions.crop} x '
        f'{conditions.crop} pixels, 7 classes; backbones and heads at their '
        'full size, with random weights; each pair in a process of its own',
        *_machines(results),
    ]
    parts = [
        '# Backbones x heads',
        f'Written by\n\n```bash\n{command}\n```',
        '\n'.join(f'- {line}' for line in facts),
        'Seconds of a step; in brackets where it does not train.',
        _grid(backbones, heads, results),
        *_problems(results),
        '## Each pair',
        _list(backbones, heads, results),
        LEGEND,
    ]
    return '\n\n'.join(parts) + '\n'


def _trains(result: dict) -> bool:
    return 'error' not in result and not result['problems']


def _machines(results: Results) -> list[str]:
    """What it was run on."""
    found = [r['environment'] for r in results.values() if 'error' not in r]
    return list(dict.fromkeys(map(machine_line, found)))


def _grid(
    backbones: Sequence[str], heads: Sequence[str], results: Results
) -> str:
    """A row for each backbone, a column for each head."""
    rows = [['', *heads], ['---'] * (len(heads) + 1)]
    for backbone in backbones:
        cells = [_short(results.get((backbone, head))) for head in heads]
        rows.append([backbone, *cells])
    return _markdown(rows)


def _short(result: dict | None) -> str:
    if result is None:
        return NONE
    if 'error' in result:
        return '(failed)'
    seconds = f'{result["step"]:.2f}'
    return seconds if _trains(result) else f'({seconds})'


def _problems(results: Results) -> list[str]:
    """Why some do not train."""
    lines = [
        f'- {backbone} x {head}: '
        + (result.get('error') or '; '.join(result['problems']))
        for (backbone, head), result in results.items()
        if not _trains(result)
    ]
    return ['Do not train:', '\n'.join(lines)] if lines else []


def _list(
    backbones: Sequence[str], heads: Sequence[str], results: Results
) -> str:
    """A row for each pair that was run."""
    rows = [
        ['backbone', 'head', 'parameters', 'stride', 'width']
        + ['step', 'memory', 'loss', 'trains'],
        ['---'] * 9,
    ]
    for backbone in backbones:
        for head in heads:
            if (backbone, head) in results:
                result = results[backbone, head]
                rows.append([backbone, head, *_details(result)])
    return _markdown(rows)


def _details(result: dict) -> list[str]:
    if 'error' in result:
        return [NONE] * 6 + ['failed']
    return [
        f'{result["parameters"] / 1e6:.1f} M',
        str(result['stride']),
        str(result['channels']),
        f'{result["step"]:.2f} s',
        f'{result["memory"] / GB:.1f} GB',
        f'{result["first_loss"]:.2f} to {result["last_loss"]:.2f}',
        'yes' if _trains(result) else 'no',
    ]


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)
