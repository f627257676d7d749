"""Checks and joins the rows of label files."""

from collections import Counter
from collections.abc import Collection
from itertools import chain
from typing import Any, NamedTuple

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
from .label_cells import are_flags, are_one_hot, has_no, read_names
from .label_rows import LabelOptions, Row, Rows
from .similar_names import strip_suffix


class Collected(NamedTuple):
    """Attributes of :class:`~.label_files.ImageLabels`, in their order."""

    classes: tuple[str, ...]
    names: dict[str, list[str]]
    lines: dict[str, int]
    notes: tuple[str, ...]


def collect(content: Rows, options: LabelOptions) -> Collected:
    """Check and join rows.

    Args:
        content: The rows.
        options: What decides how they are read.

    Raises:
        ValueError: A name is none, or what is meant is not clear; the message
            has the line and the image.
    """
    collector = _Collector(options)
    if not content.classes:
        rows = [_split(row, options) for row in content.rows]
        content = content._replace(rows=rows)
    for row in _with_names(content, options.classes):
        try:
            collector.add(row)
        except ValueError as err:
            raise ValueError(f'{_place(row)}: {err}') from err
    if not collector.images:
        raise ValueError('is empty: it lists no image')
    header = {clean_name(name, 'class') for name in content.classes}
    meanings = set(map(collector.meaning, header)) - {''}
    classes = meanings.union(*collector.images.values())
    collector.check(classes)
    return Collected(
        tuple(sorted(classes)),
        collector.images,
        collector.lines,
        (*content.notes, *collector.notes()),
    )


def _place(row: Row) -> str:
    return f'line {row.line}' if row.line else f'image {row.image!r:.60}'


def _split(row: Row, options: LabelOptions) -> Row:
    """The row with each name by itself."""
    if not isinstance(row.names, list):
        return row
    names: list[Any] = []
    for name in row.names:
        if not isinstance(name, str):
            names.append(name)
            continue
        try:
            names += read_names(
                name.strip(), options.separator, options.classes
            )
        except ValueError as err:
            raise ValueError(f'{_place(row)}: {err}') from err
    return row._replace(names=names)


def _with_names(content: Rows, classes: Collection[str]) -> list[Row]:
    """Rows with names of classes instead of flags, if they hold flags."""
    rows = content.rows
    if content.classes or not are_one_hot([row.names for row in rows]):
        return rows
    if len(rows[0].names) != len(classes):
        raise ValueError(
            f'has lists of {len(rows[0].names)} numbers 0 and 1, and no names '
            'of classes: list these in their order (--classes, `classes`), '
            'or write names'
        )
    true = ('1', '1.0', 'true')
    return [
        row._replace(
            names=[
                name
                for name, flag in zip(classes, row.names, strict=True)
                if str(flag).lower() in true
            ]
        )
        for row in rows
    ]


class _Collector:
    """Labels of images, as they are read row by row.

    Args:
        options: What decides how they are read.

    Attributes:
        images: Classes of each image.
        lines: Where it is.
    """

    def __init__(self, options: LabelOptions) -> None:
        self.union = options.union
        self.known = {name: name for name in options.classes}
        self.by_look = {look(name): name for name in self.known}
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

    def add(self, row: Row) -> None:
        """Add an image; if it is there, its label must be the same."""
        image = clean_name(row.image, 'image')
        shown = self._read(row.names)
        before = self.images.setdefault(image, shown)
        if row.line:
            self.lines.setdefault(image, row.line)
        if set(before) == set(shown):
            return
        if not self.union:
            raise ValueError(
                f'image {image!r} has the label {shown}, and before {before}: '
                'leave one of them out, or write all its classes in one '
                'place, or join all rows of an image (--union, `label_union`)'
            )
        self.images[image] = list(dict.fromkeys([*before, *shown]))

    def _read(self, names: Any) -> list[str]:
        """Return the classes of a label, each once."""
        if isinstance(names, tuple) and [key for key, _ in names] == [
            'choices'
        ]:
            names = names[0][1]  # of Label Studio
        if names is None or names != names:  # NaN
            names = ['null']
        if not isinstance(names, list):
            if isinstance(names, tuple):
                names = dict(names)
            raise ValueError(
                'the label must be a list of class names, but is '
                f'{names!r:.60}'
            )
        while names and names[-1] == '':  # cat;
            names = names[:-1]
        written = [
            clean_name('null' if name is None else name, 'class')
            for name in names
        ]
        meant = [self.meaning(name) for name in written]
        nothing = [n for n in written if not self.meaning(n)]
        if any(meant) and not all(map(is_background, nothing)):
            raise ValueError(
                f'the label {written} says that there is a class, and none: '
                'take one of the two out'
            )
        pairs = zip(written, meant, strict=True)
        self.replaced.update({n for n, meaning in pairs if n != meaning})
        return list(dict.fromkeys(filter(None, meant)))

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
        if files := [n for n in names if strip_suffix(n) != n]:
            raise ValueError(
                f'{self._place(files[0])}: the class {files[0]!r} is the name '
                'of an image: images come first, and then their classes'
            )
        if alike := find_alike(n for n in names if n not in self.known):
            raise ValueError(
                f'{self._place(alike[-1])}: the classes '
                f'{", ".join(map(repr, alike))} are likely one: spell them '
                'alike, or list the classes (--classes, `classes`), which '
                'other spellings are read as'
            )
        new = [n for n in names if n not in self.known]
        if new and are_flags(new) and has_no(new):
            raise ValueError(
                f'{self._place(new[0])}: the labels are {", ".join(new)}, '
                'which say whether a class is shown, and not which: write its '
                'name, and empty labels for no, or, if these are classes, '
                'list them (--classes, `classes`)'
            )
        if numbered := [n for n in new if has_number(n)]:
            raise ValueError(
                f'{self._place(numbered[0])}: the class {numbered[0]!r} has '
                'numbers in it as a score or flags have: write names alone, '
                'or, if it is one class, list it with the others (--classes, '
                '`classes`)'
            )
        if joined := find_joined(names, self.known):
            raise ValueError(
                f'{self._place(joined)}: the class {joined!r} is likely '
                'several: say what stands between classes, the same in all '
                'labels (--separator, `label_separator`), or, if it is one '
                'class, list it with the others (--classes, `classes`)'
            )

    def _place(self, name: str) -> str:
        """Where a class is first shown."""
        for image, names in self.images.items():
            if name in names:
                line = self.lines.get(image)
                return f'line {line}' if line else f'image {image!r}'
        return 'header'

    def notes(self) -> list[str]:
        """Sentences on names that were read as others."""
        empty, other = [], []
        for name, number in self.replaced.items():
            meant = self.meaning(name)
            times = f'{name!r} ({number} images)'
            if meant:
                other.append(f'{times} as {meant!r}')
            else:
                empty.append(times)
        sentences = []
        if empty:
            text = f'labels that are read as no class: {", ".join(empty)}'
            if not all(map(is_background, self.replaced)):
                text += (
                    '; if one is a class, list it with the others '
                    '(--classes, `classes`)'
                )
            sentences.append(text)
        if other:
            sentences.append(f'names that are read: {", ".join(other)}')
        return sentences
