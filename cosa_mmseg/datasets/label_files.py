"""Files of image-level labels: which classes each image shows.

=========== =================================================================
``.csv``    a header ``image,labels`` and rows ``a.jpg,cat;dog``; or a header
            of ``image`` and the classes, and rows of 0 and 1; with semicolons
            between columns, too: ``image;labels`` and ``a.jpg;"cat;dog"``
``.json``   ``{"a.jpg": ["cat", "dog"]}``
``.jsonl``  ``{"image": "a.jpg", "labels": ["cat", "dog"]}``, one a line
``.txt``    ``a.jpg<TAB>cat<TAB>dog``, one image a line
a folder    one folder a class: ``cat/a.jpg``, and the same file again as
            ``dog/a.jpg``; the image's name is the first, ``cat/a.jpg``; or a
            folder as a tool exports it
=========== =================================================================

Files of labelling tools are recognised by what they hold: see
:mod:`.label_tools` (JSON, XML), :mod:`.label_tables` (``.csv``) and
:mod:`.label_exports` (``.xlsx``, ``.npy``, folders).

Files are UTF-8, or UTF-16 with its byte order mark. Blanks around names do not
count. An image may show no class: an empty cell or list, a word such as
``none`` or ``NaN``, ``background``, or a line of a ``.txt`` that ends with the
tab.
"""

import os.path as osp
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from cosa_mmseg.utils.reading import decode, read_bytes

from .class_names import BACKGROUND
from .label_collector import collect
from .label_exports import BINARY, name_ids, read_export
from .label_formats import PARSERS
from .label_rows import ImageLabels, LabelOptions, Rows, foreground_names

AS_WRITTEN = LabelOptions()


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
    if osp.isdir(path):
        return _collect(path, partial(read_export, path), options)
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
    suffix = osp.splitext(source)[1].lower()
    if parse_bytes := BINARY.get(suffix):
        return _collect(source, partial(parse_bytes, data), options)
    parse = PARSERS.get(suffix)
    if parse is None:
        known = ', '.join([*PARSERS, *BINARY])
        raise ValueError(
            f'{source} is no label file: its suffix must be {known}, or it '
            'must be a folder'
        )
    return _collect(
        source,
        lambda how: name_ids(parse(decode(data), how), osp.dirname(source)),
        options,
    )


def _collect(
    source: str, read: Callable[[LabelOptions], Rows], options: LabelOptions
) -> ImageLabels:
    """Read, check and join the rows of a file; errors name the file."""
    options = replace(options, classes=foreground_names(options.classes))
    try:
        return collect(source, read(options), options)
    except ValueError as err:
        raise ValueError(f'{source} {err}') from err
