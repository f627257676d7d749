"""Files of image-level labels: which classes each image shows.

=========== =================================================================
``.csv``    a header ``image,labels`` and rows ``a.jpg,cat;dog``; or a header
            of ``image`` and the classes, and rows of 0 and 1; with semicolons
            between columns, too: ``image;labels`` and ``a.jpg;"cat;dog"``
``.json``   ``{"a.jpg": ["cat", "dog"]}``
``.jsonl``  ``{"image": "a.jpg", "labels": ["cat", "dog"]}``, one a line
``.txt``    ``a.jpg<TAB>cat<TAB>dog``, one image a line
a folder    one folder a class: ``cat/a.jpg``, and the same file again as
            ``dog/a.jpg``; the image's name is the first, ``cat/a.jpg``
=========== =================================================================

Files are UTF-8, with or without a byte order mark. Spaces around names do not
count. An image may show no class: an empty cell or list, or a line of a
``.txt`` that ends with the tab. The background is no class of a label.
"""

import os.path as osp
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unicodedata import normalize

from cosa_mmseg.utils.reading import decode, read_bytes

from .image_files import check_unique
from .label_formats import PARSERS, Rows, read_folder

BACKGROUND = 'background'
# control characters and halves of surrogate pairs
_NOT_IN_NAMES = re.compile('[\x00-\x1f\x7f-\x9f\ud800-\udfff]')


@dataclass(frozen=True)
class ImageLabels:
    """The labels of a set of images.

    Attributes:
        source: The file or folder that they come from.
        classes: The foreground classes: sorted, or a list that was given.
        names: Names of the classes that each image shows, each once.
        lines: The line of the file that an image is in, counted from 1, where
            the format has one image a line.
    """

    source: str
    classes: tuple[str, ...]
    names: dict[str, list[str]]
    lines: dict[str, int]

    def place(self, image: str) -> str:
        """Where the label of an image is, for messages."""
        line = self.lines.get(image)
        return self.source if line is None else f'{self.source} line {line}'

    def with_classes(self, classes: Sequence[str]) -> 'ImageLabels':
        """The same labels with a list of classes in an order of one's own.

        Args:
            classes: The foreground classes, every one that an image shows.

        Raises:
            ValueError: An image shows another class, or the list has the
                background or a class twice.
        """
        classes = [_clean(name, 'class') for name in classes]
        check_unique(classes, 'the list of classes')
        for image, names in self.names.items():
            check_known(names, classes, image, self.place(image))
        return replace(self, classes=tuple(classes))


def check_background(classes: Sequence[str], where: str) -> None:
    """Raise ``ValueError`` if a list of classes begins with another one."""
    if classes and classes[0].lower() != BACKGROUND:
        raise ValueError(
            f'`classes` ({where}) must begin with {BACKGROUND!r}, id 0 of '
            f'masks and predictions, but begins with {classes[0]!r}, which '
            'would be taken for it: put it in front'
        )


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


def read_labels(
    path: str, separator: str = ';', backend_args: dict | None = None
) -> ImageLabels:
    """Read a label file of any format, or a folder with one folder a class.

    Args:
        path: The file, its format told by the suffix, or a local folder.
        separator: What stands between classes in a cell of a ``.csv``.
        backend_args: Where mmengine's file client finds the file.

    Returns:
        ImageLabels: The labels, images in the order of the file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read; the message has file, line and value.
    """
    if osp.isdir(path):
        try:
            return _collect(path, read_folder(path))
        except ValueError as err:
            raise ValueError(f'{path} {err}') from err
    try:
        data = read_bytes(path, backend_args)
    except FileNotFoundError as err:
        raise FileNotFoundError(
            f'no label file {path}; check `data_root` and `label_file`, or, '
            'for a trained model, name the config in its work dir, which has '
            'the classes'
        ) from err
    return parse_labels(data, path, separator)


def parse_labels(
    data: bytes, source: str, separator: str = ';'
) -> ImageLabels:
    """Parse the content of a label file.

    Args:
        data: The content.
        source: The file's name, for its suffix and for messages.
        separator: See :func:`read_labels`.

    Raises:
        ValueError: As in :func:`read_labels`.
    """
    parse = PARSERS.get(osp.splitext(source)[1].lower())
    try:
        if parse is None:
            raise ValueError(
                f'is no label file: its suffix must be {", ".join(PARSERS)}, '
                'or it must be a folder'
            )
        return _collect(source, parse(decode(data), separator))
    except ValueError as err:
        raise ValueError(f'{source} {err}') from err


def _collect(source: str, content: Rows) -> ImageLabels:
    """Check and join the rows; an image may come again with its label."""
    names: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    for line, row_image, row_names in content.rows:
        try:
            image = _clean(row_image, 'image')
            shown = _clean_list(row_names)
            if set(names.setdefault(image, shown)) != set(shown):
                raise ValueError(
                    f'image {image!r} has the label {shown}, and before '
                    f'{names[image]}: leave one of them out, or write all '
                    'its classes in one place'
                )
        except ValueError as err:
            place = f'line {line}' if line else f'image {row_image!r}'
            raise ValueError(f'{place}: {err}') from err
        if line:
            lines.setdefault(image, line)
    if not names:
        raise ValueError('is empty: it lists no image')
    header = {_clean(name, 'class') for name in content.classes}
    classes = sorted(header.union(*names.values()))
    return ImageLabels(source, tuple(classes), names, lines)


def _clean_list(names: Any) -> list[str]:
    """Names of classes, each once."""
    if not isinstance(names, list):
        raise ValueError(
            f'the label must be a list of class names, but is {names!r:.60}'
        )
    return list(dict.fromkeys(_clean(name, 'class') for name in names))


def _clean(name: Any, what: str) -> str:
    """A name of an image or a class, as every format can hold it."""
    if isinstance(name, bool) or not isinstance(name, str | int):
        raise ValueError(f'the name of the {what} is no string: {name!r:.60}')
    name = str(name).strip()
    if not name:
        raise ValueError(f'the name of the {what} is empty')
    if _NOT_IN_NAMES.search(name):
        raise ValueError(
            f'the name of the {what} has a control character: {name!r}'
        )
    if what == 'image':
        return name  # as its file is spelt
    if name.lower() == BACKGROUND:
        raise ValueError(
            f'class {name!r} is in every image and in no label: leave it out'
        )
    return normalize('NFC', name)  # macOS takes umlauts of folders apart
