"""Reading the formats of image-level labels into rows, unchecked.

The formats are described in :mod:`.label_files`, which checks the rows. Each
parser takes the text and the separator of classes in a cell of a ``.csv``; a
``ValueError`` starts with the line, counted from 1.
"""

import csv
import filecmp
import io
import json
import os
import os.path as osp
from typing import Any, NamedTuple

from .image_files import list_images

_FLAGS = {
    '0': False,
    '0.0': False,
    'false': False,
    '1': True,
    '1.0': True,
    'true': True,
}


class Row(NamedTuple):
    """An image as it is written; ``line`` is None where there are no lines."""

    line: int | None
    image: Any
    names: Any


class Rows(NamedTuple):
    """The images of a file, and the classes that its header lists."""

    rows: list[Row]
    classes: tuple[str, ...] = ()


def parse_csv(text: str, separator: str) -> Rows:
    """Rows of names between separators, or of one flag for each class.

    Columns have commas between, or semicolons, as of Excel in many languages.
    """
    delimiter = ',' if ',' in text.strip().partition('\n')[0] else ';'
    reader = csv.reader(
        io.StringIO(text, newline=''), delimiter=delimiter, strict=True
    )
    try:
        table = [(reader.line_num, [c.strip() for c in row]) for row in reader]
    except csv.Error as err:
        raise ValueError(f'line {reader.line_num}: {err}') from err
    table = [(line, row) for line, row in table if any(row)]
    header = table[0][1] if table else []
    if 'image' not in header or not 1 < len(header) == len(set(header)):
        raise ValueError(
            'must have the header `image,labels`, or `image` and each of the '
            'classes once, with commas or semicolons between; it has '
            f'{delimiter.join(header)!r}'
        )
    classes: tuple[str, ...] = ()
    if 'labels' not in header:
        classes = tuple(column for column in header if column != 'image')
    rows = []
    for line, row in table[1:]:
        if len(row) != len(header):
            raise ValueError(
                f'line {line}: the row has {len(row)} cells, the header '
                f'{len(header)}; classes in a cell need {separator!r} '
                f'between, and a cell with {delimiter!r} in it quotes around'
            )
        cells = dict(zip(header, row, strict=True))
        if classes:
            names = [c for c in classes if _flag(cells[c], c, line)]
        else:
            shown = cells['labels']
            names = shown.split(separator) if shown else []
        rows.append(Row(line, cells['image'], names))
    return Rows(rows, classes)


def _flag(cell: str, column: str, line: int) -> bool:
    """Whether a cell says that the image shows the class."""
    if cell.lower() not in _FLAGS:
        raise ValueError(
            f'line {line}: column {column!r} must be 0 or 1, but is {cell!r} '
            '(beside `image`, each column is a class unless one is `labels`)'
        )
    return _FLAGS[cell.lower()]


def parse_txt(text: str, separator: str) -> Rows:
    """Lines of names with tabs between, the image's name first."""
    rows = []
    for number, line in enumerate(text.split('\n'), 1):
        if not line.strip():
            continue
        image, tab, names = line.partition('\t')
        if not tab:
            raise ValueError(
                f'line {number}: no tab behind the image name in {line!r}'
            )
        shown = names.split('\t') if names.strip() else []
        rows.append(Row(number, image, shown))
    return Rows(rows)


def parse_json(text: str, separator: str) -> Rows:
    """One object; objects are read as tuples, which keep repeated keys."""
    content = _load_json(text, object_pairs_hook=tuple)
    if not isinstance(content, tuple):
        raise ValueError(
            'must hold an object {image: [class name, ...]}, but holds a '
            f'{type(content).__name__}'
        )
    return Rows([Row(None, image, names) for image, names in content])


def parse_jsonl(text: str, separator: str) -> Rows:
    """One object a line; other entries than the two do not count."""
    rows = []
    for number, line in enumerate(text.split('\n'), 1):
        if not line.strip():
            continue
        try:
            entry = _load_json(line)
        except ValueError as err:
            raise ValueError(f'line {number} {err}') from err
        if not isinstance(entry, dict) or not {'image', 'labels'} <= set(
            entry
        ):
            raise ValueError(
                f'line {number}: must be an object {{"image": name, "labels": '
                f'[class name, ...]}}, but is {line.strip()!r}'
            )
        rows.append(Row(number, entry['image'], entry['labels']))
    return Rows(rows)


def _load_json(text: str, **kwargs: Any) -> Any:
    try:
        return json.loads(text, **kwargs)
    except (ValueError, RecursionError) as err:
        raise ValueError(f'is not JSON: {err}') from err


PARSERS = {
    '.csv': parse_csv,
    '.json': parse_json,
    '.jsonl': parse_jsonl,
    '.txt': parse_txt,
}


def read_folder(root: str) -> Rows:
    """The images of a folder that has one folder for each class.

    Files with the same name below several class folders are one image, and
    must have the same content.
    """
    classes = sorted(
        entry.name
        for entry in os.scandir(root)
        if entry.is_dir() and not entry.name.startswith('.')
    )
    shown: dict[str, list[str]] = {}
    if not classes:
        raise ValueError('has no folder of a class, such as cat/ of cat/a.jpg')
    for name in classes:
        for image in list_images(osp.join(root, name)):
            shown.setdefault(image, []).append(name)
    rows = []
    for image, names in shown.items():
        first, *others = (f'{name}/{image}' for name in names)
        for other in others:
            _check_same(root, first, other)
        rows.append(Row(None, first, names))
    return Rows(rows)


def _check_same(root: str, first: str, second: str) -> None:
    """Raise unless two files are one image."""
    paths = osp.join(root, first), osp.join(root, second)
    if not filecmp.cmp(paths[0], paths[1], shallow=False):
        raise ValueError(
            f'has different images {first!r} and {second!r}: only one image '
            'of several classes may have one name; rename one of the two'
        )
