"""What the parsers of label files take and return."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class LabelOptions:
    """What decides how a label file is read.

    Attributes:
        separator: What stands between the classes of a cell, or of a string.
        union: Whether an image that comes again shows the classes of all its
            rows; else these must be the same.
        classes: Foreground classes, empty where they are not known. Their
            names are classes whatever they look like, another spelling of one
            (``Cat``) is that one, and columns of a table that are likely no
            classes are passed over.
    """

    separator: str = ';'
    union: bool = False
    classes: Sequence[str] = ()

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
    """

    rows: list[Row]
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
