"""Image-level labels: as they are written, and as they are read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from .class_names import clean_name, is_background
from .image_files import check_unique


@dataclass(frozen=True)
class LabelOptions:
    """Choices that decide how a label file is read.

    Attributes:
        separator: What stands between the classes of a cell, or of a string.
        union: Whether an image that comes again shows the classes of all its
            rows; else these must be the same.
        classes: Foreground classes, empty where they are not known. Their
            names are classes whatever they look like, another spelling of one
            (``Cat``) is that one, and columns of a table that are likely no
            classes are passed over.
        column: The column of a table, or the field of a tool's file, that
            holds the classes, where there are several.
    """

    separator: str = ';'
    union: bool = False
    classes: Sequence[str] = ()
    column: str = ''

    def __post_init__(self) -> None:
        """Refuse a separator that is nothing."""
        if not self.separator:
            raise ValueError(
                'the separator of classes must not be empty; a blank needs '
                'quotes of its own, label_separator=\'" "\''
            )


class Row(NamedTuple):
    """An image as it is written; ``line`` is None where there are no lines."""

    line: int | None
    image: Any
    names: Any


class Rows(NamedTuple):
    """The images of a file.

    Attributes:
        rows: The images.
        classes: Those that a header lists.
        notes: Sentences on what was passed over.
        tool: Name of the tool, and its format; '' where people write it.
        splits: Images of each of the splits that the file knows, ``train``,
            ``val`` and ``test``.
    """

    rows: list[Row]
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tool: str = ''
    splits: Mapping[str, list[str]] = {}


@dataclass(frozen=True)
class ImageLabels:
    """The labels of a set of images.

    Attributes:
        source: The file or folder that they come from.
        classes: The foreground classes: sorted, or a list that was given.
        names: Names of the classes that each image shows, each once.
        lines: The line of the file that an image is in, counted from 1, where
            the format has one image a line.
        notes: Sentences on what was read otherwise than it is written.
        tool: As of :class:`Rows`.
        splits: As of :class:`Rows`.
    """

    source: str
    classes: tuple[str, ...]
    names: dict[str, list[str]]
    lines: dict[str, int]
    notes: tuple[str, ...] = ()
    tool: str = ''
    splits: Mapping[str, list[str]] = field(default_factory=dict)

    def place(self, image: str) -> str:
        """Return where the label of an image is, for messages."""
        line = self.lines.get(image)
        return self.source if line is None else f'{self.source} line {line}'

    def with_classes(self, classes: Sequence[str]) -> 'ImageLabels':
        """Return the same labels with a list of classes in another order.

        Args:
            classes: The foreground classes, every one that an image shows.

        Raises:
            ValueError: An image shows another class, or the list has the
                background or a class twice.
        """
        classes = foreground_names(classes)
        check_unique(classes, 'the list of classes')
        for image, names in self.names.items():
            check_known(names, classes, image, self.place(image))
        return replace(self, classes=tuple(classes))


def foreground_names(classes: Iterable[str]) -> list[str]:
    """Return cleaned names of foreground classes; refuse the background."""
    names = [clean_name(name, 'class') for name in classes]
    for name in filter(is_background, names):
        raise ValueError(
            f'class {name!r} is in every image: leave it out of the list of '
            'classes (an image without a class has an empty label)'
        )
    return names


def check_known(
    names: Iterable[str], known: Sequence[str], image: str, place: str
) -> None:
    """Raise ``ValueError`` if an image shows a class that is not known."""
    unknown = sorted(map(repr, set(names).difference(known)))
    if unknown:
        raise ValueError(
            f'unknown class {", ".join(unknown)} in the label of image '
            f'{image!r} in {place}; known classes: {", ".join(known)}'
        )


def class_of(number: int, names: Sequence[str]) -> str:
    """Return the name of a class that is given by its number, from 0.

    Raises:
        ValueError: There is none.
    """
    if isinstance(number, bool) or not 0 <= number < len(names):
        raise ValueError(
            f'the label {number} is no number of {len(names)} classes: list '
            'them in their order, from 0 (--classes, `classes`)'
        )
    return names[number]
