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

Files are UTF-8, or UTF-16 with its byte order mark. Blanks around names do not
count. An image may show no class: an empty cell or list, a word such as
``none`` or ``NaN``, ``background``, or a line of a ``.txt`` that ends with the
tab.
"""

import os.path as osp
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cosa_mmseg.utils.reading import decode, read_bytes

from .class_names import BACKGROUND, clean_name, is_background
from .image_files import check_unique
from .label_collector import collect
from .label_folders import read_folder
from .label_formats import PARSERS
from .label_rows import LabelOptions

AS_WRITTEN = LabelOptions()


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
    """

    source: str
    classes: tuple[str, ...]
    names: dict[str, list[str]]
    lines: dict[str, int]
    notes: tuple[str, ...] = ()

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
        classes = _foreground(classes)
        check_unique(classes, 'the list of classes')
        for image, names in self.names.items():
            check_known(names, classes, image, self.place(image))
        return replace(self, classes=tuple(classes))


def _foreground(classes: Iterable[str]) -> list[str]:
    """Clean a list of foreground classes; refuse the background in it."""
    names = [clean_name(name, 'class') for name in classes]
    for name in filter(is_background, names):
        raise ValueError(
            f'class {name!r} is in every image: leave it out of the list of '
            'classes (an image without a class has an empty label)'
        )
    return names


def check_background(classes: Sequence[str], where: str) -> None:
    """Raise ``ValueError`` for a list of classes that begins with another.

    Nor may the background be the only one.
    """
    if classes and classes[0].lower() != BACKGROUND:
        raise ValueError(
            f'`classes` ({where}) must begin with {BACKGROUND!r}, id 0 of '
            f'masks and predictions, but begins with {classes[0]!r}, which '
            'would be taken for it: put it in front'
        )
    if len(classes) == 1:
        raise ValueError(
            f'`classes` ({where}) has the background alone: name the classes '
            'behind it'
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
    path: str,
    options: LabelOptions = AS_WRITTEN,
    backend_args: dict | None = None,
) -> ImageLabels:
    """Read a label file of any format, or a folder with one folder a class.

    Args:
        path: The file, its format told by the suffix, or a local folder.
        options: What decides where the file leaves it open.
        backend_args: Where mmengine's file client finds the file.

    Returns:
        ImageLabels: The labels, images in the order of the file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read; the message has file, line and value.
    """
    options = replace(options, classes=_foreground(options.classes))
    if osp.isdir(path):
        try:
            content = read_folder(path, options)
            return ImageLabels(path, *collect(content, options))
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
    return parse_labels(data, path, options)


def parse_labels(
    data: bytes, source: str, options: LabelOptions = AS_WRITTEN
) -> ImageLabels:
    """Parse the content of a label file.

    Args:
        data: The content.
        source: The file's name, for its suffix and for messages.
        options: See :func:`read_labels`.

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
        content = parse(decode(data), options)
        return ImageLabels(source, *collect(content, options))
    except ValueError as err:
        raise ValueError(f'{source} {err}') from err
