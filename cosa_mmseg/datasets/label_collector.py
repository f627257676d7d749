"""Checks and joins the rows of label files."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import chain, compress
from typing import Any, TypeVar

from .class_names import (
    MAX_CLASSES,
    clean_name,
    find_alike,
    find_joined,
    has_number,
    is_background,
    is_empty,
    look,
)
from .label_cells import TRUE, are_flags, are_one_hot, has_no, read_names
from .label_rows import ImageLabels, LabelOptions, Row, Rows
from .similar_names import strip_suffix

T = TypeVar('T')
_LIST_IT = 'list it with the others (--classes, `classes`)'


def collect(source: str, content: Rows, options: LabelOptions) -> ImageLabels:
    """Check and join rows.

    Args:
        source: The file or folder that they are from.
        content: The rows.
        options: What decides how they are read.

    Raises:
        ValueError: A name is none, or what is meant is not clear; the message
            has the line and the image.
    """
    if content.tool and not options.classes:  # as the tool lists them
        options = replace(options, classes=content.classes)
    collector = _Collector(options)
    rows = content.rows
    if not content.classes:
        rows = [_naming(collector.split, row) for row in rows]
        rows = _with_names(rows, options.classes)
    for row in rows:
        _naming(collector.add, row)
    if not collector.images:
        raise ValueError('is empty: it lists no image')
    header = {clean_name(name, 'class') for name in content.classes}
    meanings = set(map(collector.meaning, header)) - {''}
    classes = meanings.union(*collector.images.values())
    collector.check(classes)
    return ImageLabels(
        source,
        tuple(sorted(classes)),
        collector.images,
        collector.lines,
        (*content.notes, *collector.notes()),
        content.tool,
        content.splits,
    )


def _naming(step: Callable[[Row], T], row: Row) -> T:
    """Take a step whose errors name the row."""
    try:
        return step(row)
    except ValueError as err:
        place = f'line {row.line}' if row.line else f'image {row.image!r:.60}'
        raise ValueError(f'{place}: {err}') from err


def _with_names(rows: list[Row], classes: Sequence[str]) -> list[Row]:
    """Return rows with names of classes instead of flags, if they are."""
    if not are_one_hot([row.names for row in rows]):
        return rows
    if len(rows[0].names) != len(classes):
        raise ValueError(
            f'has lists of {len(rows[0].names)} numbers 0 and 1, and no names '
            'of classes: list these in their order (--classes, `classes`), '
            'or write names'
        )
    flags = ([str(flag).lower() in TRUE for flag in row.names] for row in rows)
    return [
        row._replace(names=[*compress(classes, shown)])
        for row, shown in zip(rows, flags, strict=True)
    ]


class _Collector:
    """Labels of images, as they are read row by row.

    Args:
        options: What decides how they are read.

    Attributes:
        images: Classes of each image.
        lines: Where it is.
        replaced: How often a name was read as another, or as none.
    """

    def __init__(self, options: LabelOptions) -> None:
        self.options = options
        self.known = frozenset(options.classes)
        self.by_look = {look(name): name for name in options.classes}
        self.images: dict[str, list[str]] = {}
        self.lines: dict[str, int] = {}
        self.replaced: Counter[str] = Counter()

    def meaning(self, name: str) -> str:
        """Return the class that a name means, or '' for none."""
        if name in self.known:
            return name
        if is_empty(name) or is_background(name):
            return ''
        return self.by_look.get(look(name), name)

    def split(self, row: Row) -> Row:
        """Return the row with each name by itself."""
        if not isinstance(row.names, list):
            return row
        names: list[Any] = []
        for name in row.names:
            if isinstance(name, str):
                separator = self.options.separator
                names += read_names(name.strip(), separator, self.known)
            else:
                names.append(name)
        return row._replace(names=names)

    def add(self, row: Row) -> None:
        """Add an image; if it is there, its label must be the same."""
        image = clean_name(row.image, 'image')
        shown = self._read(row.names)
        before = self.images.setdefault(image, shown)
        if row.line:
            self.lines.setdefault(image, row.line)
        if set(before) == set(shown):
            return
        if not self.options.union:
            raise ValueError(
                f'image {image!r} has the label {shown}, and before {before}: '
                'leave one of them out, or write all its classes in one '
                'place, or join all rows of an image (--union, `label_union`)'
            )
        self.images[image] = list(dict.fromkeys([*before, *shown]))

    def _read(self, names: Any) -> list[str]:
        """Return the classes of a label, each once."""
        if names is None or names != names:  # NaN
            names = ['null']
        if not isinstance(names, list):
            label = dict(names) if isinstance(names, tuple) else names
            raise ValueError(
                'the label must be a list of class names, but is '
                f'{label!r:.60}'
            )
        while names and names[-1] == '':  # cat;
            names = names[:-1]
        meant = {
            name: self.meaning(name)
            for name in (
                clean_name('null' if name is None else name, 'class')
                for name in names
            )
        }
        classes = [name for name in meant.values() if name]
        nothing = [name for name in meant if not meant[name]]
        if classes and not all(map(is_background, nothing)):
            raise ValueError(
                f'the label {[*meant]} says that there is a class, and none: '
                'take one of the two out'
            )
        self.replaced.update(n for n, meaning in meant.items() if n != meaning)
        return list(dict.fromkeys(classes))

    def check(self, classes: Collection[str]) -> None:
        """Refuse too many classes, and names that are likely no class."""
        if len(classes) > MAX_CLASSES:
            raise ValueError(
                f'has {len(classes)} classes; at most {MAX_CLASSES} can be '
                'told from the background and from ignored pixels in a mask'
            )
        # in the order of the file, so that the line is that of what is odd
        shown = chain(*self.images.values(), sorted(classes))
        names = list(dict.fromkeys(shown))
        new = [n for n in names if n not in self.known]
        faults = {
            'the class {} is the name of an image: images come first, and '
            'then their classes': [n for n in names if strip_suffix(n) != n][
                :1
            ],
            'the classes {} are likely one: spell them alike, or list the '
            'classes (--classes, `classes`), which other spellings are read '
            'as': find_alike(new),
            'the labels are {}, which say whether a class is shown, and not '
            'which: write its name, and empty labels for no, or, if these are '
            'classes, list them (--classes, `classes`)': (
                new if are_flags(new) and has_no(new) else []
            ),
            'the class {} has numbers in it as a score or flags have: write '
            f'names alone, or, if it is one class, {_LIST_IT}': [
                n for n in new if has_number(n)
            ][:1],
            'the class {} is likely several: say what stands between classes, '
            'the same in all labels (--separator, `label_separator`), or, if '
            f'it is one class, {_LIST_IT}': find_joined(names, self.known),
        }
        for text, found in faults.items():
            if found:
                odd = ', '.join(map(repr, found))
                place = self._place(found[-1])
                raise ValueError(f'{place}: {text.format(odd)}')

    def _place(self, name: str) -> str:
        """Return where a class is first shown."""
        for image, names in self.images.items():
            if name in names:
                line = self.lines.get(image)
                return f'line {line}' if line else f'image {image!r}'
        return 'header'

    def notes(self) -> list[str]:
        """Return sentences on names that were read as others."""
        empty, other = [], []
        for name, number in self.replaced.items():
            times = f'{name!r} ({number} images)'
            if meant := self.meaning(name):
                other.append(f'{times} as {meant!r}')
            else:
                empty.append(times)
        hint = f'; if one is a class, {_LIST_IT}'
        if all(map(is_background, self.replaced)):
            hint = ''
        empty_text = f'labels that are read as no class: {", ".join(empty)}'
        other_text = f'names that are read: {", ".join(other)}'
        return [empty_text + hint] * bool(empty) + [other_text] * bool(other)
