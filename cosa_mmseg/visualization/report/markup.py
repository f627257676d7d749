"""Pieces of HTML."""

from collections.abc import Iterable, Sequence
from html import escape


class Raw(str):
    """Text that is HTML already."""


def cell(content: object) -> str:
    """HTML of a value; what is no :class:`Raw` is escaped."""
    return content if isinstance(content, Raw) else escape(str(content))


def table(
    rows: Iterable[Sequence[object]],
    head: Sequence[str] = (),
    kind: str = '',
) -> str:
    """A table.

    Args:
        rows: Cells, the same number in each; numbers are set right-aligned,
            and so is the title of a column that begins with one.
        head: Titles of the columns; none: no head.
        kind: Its CSS class.
    """
    rows = list(rows)
    lines = [_line('td', row, row) for row in rows]
    if head:
        lines.insert(0, _line('th', head, rows[0] if rows else head))
    body = ''.join(lines)
    return f'<div class="wide"><table class="{kind}">{body}</table></div>'


def section(title: str, name: str, content: str) -> str:
    """A part of the page that can be linked to by its name."""
    return (
        f'<section id="{name}"><h2>{escape(title)}</h2>\n{content}\n</section>'
    )


def note(text: str) -> str:
    """A paragraph that explains or says what is missing."""
    return f'<p class="note">{escape(text)}</p>'


def _line(tag: str, cells: Sequence[object], below: Sequence[object]) -> str:
    """A line of a table, aligned as the values below are."""
    parts = []
    for content, value in zip(cells, below, strict=True):
        kind = ' class="number"' if isinstance(value, int | float) else ''
        parts.append(f'<{tag}{kind}>{cell(content)}</{tag}>')
    return f'<tr>{"".join(parts)}</tr>'
