"""Reading the formats of image-level labels into rows, unchecked.

The formats are described in :mod:`.label_files`, which checks the rows. Each
parser takes the text and options; a ``ValueError`` starts with the line,
counted from 1.
"""

import json
import re
from typing import Any

from .label_rows import LabelOptions, Row, Rows, class_of
from .label_tables import LABELS, parse_csv
from .label_tools import read_tool

_HEADER = ('image', 'labels')
# Tools whose files are not read, by what these hold at the top or one level
# below; those that are read are in :mod:`.label_tools`
_TOOLS = {
    'VGG Image Annotator': {'filename', 'regions'},
    'VGG Image Annotator (project)': {'_via_img_metadata'},
    'Labelbox': {'data_row', 'projects'},
    'Supervisely': {'tags', 'objects'},
}


def parse_txt(text: str, options: LabelOptions) -> Rows:
    """Parse lines of names with tabs between, the image's name first."""
    if re.match(r'\s*image\t(?!\s*labels\s*\n)', text):  # 0 and 1 below
        return parse_csv(text, options)
    rows = []
    for number, line in enumerate(text.split('\n'), 1):
        if not line.strip():
            continue
        image, tab, names = line.partition('\t')
        if number == 1 and (image.strip(), names.strip()) == _HEADER:
            continue
        if not tab:
            raise ValueError(
                f'line {number}: no tab behind the image name in '
                f'{line!r:.200}: each class has one in front, and an image '
                'without a class one behind'
            )
        shown = names.split('\t') if names.strip() else []
        rows.append(Row(number, image, shown))
    return Rows(rows)


def parse_json(text: str, options: LabelOptions) -> Rows:
    """Parse JSON of a tool, an object, or a list of objects as in a .jsonl."""
    content = _load_json(text)
    if rows := read_tool(json.loads(text), options):
        return rows
    if isinstance(content, list) and isinstance(next(iter(content), 0), tuple):
        return Rows([_read_entry(entry, None) for entry in content])
    if not isinstance(content, tuple):
        raise ValueError(
            'must hold an object {image: [class name, ...]}, but holds a '
            f'{type(content).__name__}'
        )
    return Rows([Row(None, image, names) for image, names in content])


def parse_jsonl(text: str, options: LabelOptions) -> Rows:
    """Parse one object a line; other entries than the two do not count."""
    rows, tool = [], ''
    for number, line in enumerate(text.split('\n'), 1):
        if not line.strip():
            continue
        try:
            entry = _load_json(line)
        except ValueError as err:
            raise ValueError(f'line {number} {err}') from err
        renamed = _named(entry, options)
        tool = tool if renamed is entry else 'Hugging Face JSON lines'
        rows.append(_read_entry(renamed, number))
    return Rows(rows, tool=tool)


def _named(entry: Any, options: LabelOptions) -> Any:
    """Return an entry of Hugging Face's metadata.jsonl with our names.

    Raises:
        ValueError: Several of its fields may hold the labels.
    """
    fields = dict(entry) if isinstance(entry, tuple) else {}
    if 'file_name' not in fields or 'image' in fields:
        return entry
    found = [options.column] if options.column else LABELS & fields.keys()
    if len(found) != 1:
        raise ValueError(
            f'has the fields {", ".join(fields)}: name the one of the classes '
            '(--column of `cosa prepare labels`)'
        )
    label = fields.get(*found)
    if isinstance(label, int):
        label = class_of(label, options.classes)
    labels = [label] if isinstance(label, str) else label
    return ('image', fields['file_name']), ('labels', labels)


def _read_entry(entry: Any, line: int | None) -> Row:
    """Read an object of an image and its labels."""
    fields = dict(entry) if isinstance(entry, tuple) else {}
    if fields and len(fields) < len(entry):
        place = f'line {line}' if line else f'image {fields.get("image")!r}'
        raise ValueError(f'{place}: a key is there twice: leave one out')
    if not {'image', 'labels'} <= set(fields):
        text = f'{dict(entry) if fields else entry!r:.200}'
        place = f'line {line}: ' if line else ''
        raise ValueError(
            f'{place}must be an object {{"image": name, "labels": '
            f'[class name, ...]}}, but is {text}'
        )
    return Row(line, fields['image'], fields['labels'])


def _load_json(text: str) -> Any:
    """Return the content; objects are tuples, which keep repeated keys."""
    try:
        content = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as err:
        raise ValueError(f'is not JSON: {err}') from err
    below = [content]
    if isinstance(content, tuple):
        below += [value for _, value in content[:1]]
    elif isinstance(content, list):
        below += content[:1]
    for level in below:
        keys = {key for key, _ in level} if isinstance(level, tuple) else set()
        for tool, needed in _TOOLS.items():
            if needed <= keys:
                raise ValueError(
                    f'is a file of {tool}, which is not read: write '
                    '{"a.jpg": ["cat", "dog"]}, or one of the other formats'
                )
    return content


def _object(pairs: list[tuple[str, Any]]) -> Any:
    """Return the pairs of an object; of Label Studio's choices the list."""
    is_choices = [key for key, _ in pairs] == ['choices']
    return pairs[0][1] if is_choices else tuple(pairs)


PARSERS = {
    '.csv': parse_csv,
    '.json': parse_json,
    '.jsonl': parse_jsonl,
    '.txt': parse_txt,
}
