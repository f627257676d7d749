"""Cells of tables of image-level labels."""

import ast
import json
import re
from collections.abc import Collection, Sequence
from typing import Any

TRUE = frozenset(('1', '1.0', 'true', 't', 'yes', 'y', 'x', '✓', '✔'))
FALSE = frozenset(('0', '0.0', 'false', 'f', 'no', 'n'))
# Python would join strings without a comma between, as NumPy prints them
_NO_COMMA = re.compile(r"""['"]\s+['"]""")
_FLAGS_IN_LISTS = frozenset(('0', '1', '0.0', '1.0', 'true', 'false'))
_ENDS = {'[': ']', '{': '}', '(': ')'}


def read_names(cell: str, separator: str, known: Collection[str]) -> list:
    """Return the names in a cell.

    Args:
        cell: Names with the separator between, or a list of names as JSON or
            Python writes it, as ``["cat", "dog"]``, or as Label Studio does,
            ``{"choices": ["cat", "dog"]}``.
        separator: What stands between names.
        known: Names that are classes, whatever they look like.

    Raises:
        ValueError: It looks like a list, and cannot be read.
    """
    if not cell or cell in known:
        return [cell]
    names = cell.split(None if separator.isspace() else separator)
    is_known = all(name.strip() in known for name in names)
    if is_known or _ENDS.get(cell[0]) != cell[-1]:
        return names
    content = _evaluate(cell)
    if content in ({}, [], ()):
        return []
    if isinstance(content, dict) and set(content) == {'choices'}:
        content = content['choices']
    if isinstance(content, list | tuple | set | frozenset):
        if all(isinstance(name, str | int) for name in content):
            return list(content)
    elif cell[0] == '(':  # a name such as (other)
        return names
    raise ValueError(
        f'the cell {cell!r:.60} is no list of class names, as ["cat", "dog"] '
        'is: write names alone, or, if it is the name of one class, list it '
        'with the others (--classes, `classes`)'
    )


def _evaluate(cell: str) -> Any:
    """Return the value that JSON or Python writes so; None if none."""
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        pass
    try:
        return None if _NO_COMMA.search(cell) else ast.literal_eval(cell)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def are_flags(cells: Collection[str]) -> bool:
    """Return True if each cell says yes or no, or nothing."""
    return {cell.lower() for cell in cells} <= TRUE | FALSE | {''}


def has_no(cells: Collection[str]) -> bool:
    """Return True if a cell says no in words."""
    return not FALSE.isdisjoint(cell.lower() for cell in cells)


def are_one_hot(labels: Sequence[Any]) -> bool:
    """Return True if labels are flags of classes, all of them as long.

    Args:
        labels: Of all images, such as ``[[1, 0, 0], [0, 1, 1]]``.
    """
    lists = [label for label in labels if isinstance(label, list)]
    if not lists or len(lists) < len(labels) or len(lists[0]) < 2:
        return False
    return all(
        len(label) == len(lists[0])
        and {str(flag).lower() for flag in label} <= _FLAGS_IN_LISTS
        for label in lists
    )
