"""Tables of image-level labels as Open Images and AutoML have them."""

import csv
import io
import re

from .label_rows import LabelOptions
from .label_tools import Export, describe_waiting, split_name

Columns = dict[str, list[str]]
_NUMBER = re.compile(r'-?[\d.]+')


def cells_of(cells: list[str]) -> list[str]:
    """Return cells without blanks around, also those that are not seen."""
    return [cell.strip('\ufeff\u200b').strip() for cell in cells]


def open_images(
    lines: list[int], columns: Columns, options: LabelOptions
) -> Export:
    """Read labels of Open Images, a row each; 0 says that it is not shown.

    Raises:
        ValueError: A confidence is neither 0 nor 1, or people disagree.
    """
    shown: dict[str, list[str]] = {}
    absent: dict[str, list[str]] = {}
    sure = columns.get('Confidence', ['1'] * len(lines))
    for line, image, name, confidence in zip(
        lines, columns['ImageID'], columns['LabelName'], sure, strict=True
    ):
        if confidence not in ('0', '0.0', '1', '1.0'):
            raise ValueError(
                f'line {line}: the confidence must be 1 or 0, but is '
                f'{confidence!r:.20}: labels of a machine are not read, take '
                'those that people have verified'
            )
        known = shown if confidence[0] == '1' else absent
        other = absent if known is shown else shown
        if name in other.get(image, ()) and not options.union:
            raise ValueError(
                f'line {line}: image {image!r} shows {name!r}, and does not: '
                'leave one of the rows out, or let the one that it is shown '
                'count (--union, `label_union`)'
            )
        known.setdefault(image, []).append(name)
    others = len(absent.keys() - shown.keys())
    text = (
        f'{others} pictures of which is only known what they do not show are '
        'left out'
    )
    return Export([*shown.items()], notes=[text] if others else [])


def auto_ml(text: str) -> Export:
    """Read AutoML's or Vertex AI's rows: maybe a split, address, labels.

    Args:
        text: The file.

    Raises:
        ValueError: A row has no address.
    """
    shown: dict[str, list[str]] = {}
    splits: dict[str, list[str]] = {}
    waiting = 0
    reader = csv.reader(io.StringIO(text, newline=''))
    for row in reader:
        cells = cells_of(row)
        if not any(cells):
            continue
        split = '' if '://' in cells[0] else cells.pop(0)
        if not cells or '://' not in cells[0]:
            raise ValueError(
                f'line {reader.line_num}: the row names no address of an image'
            )
        image = cells[0]
        names = [c for c in cells[1:] if c and not _NUMBER.fullmatch(c)]
        waiting += not names
        if names and image not in shown and (known := split_name(split)):
            splits.setdefault(known, []).append(image)
        if names:
            shown.setdefault(image, []).extend(names)
    return Export([*shown.items()], (), splits, describe_waiting(waiting))
