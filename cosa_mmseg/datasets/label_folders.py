"""Folders with one folder of images for each class."""

import filecmp
import os
import os.path as osp
import re
from collections.abc import Sequence

from .class_names import look
from .image_files import list_images
from .label_rows import LabelOptions, Row, Rows

# Folders of splits, such as train_set and val2017, and of parts of a data set
_NO_CLASS = re.compile(
    r'(train(ing|val)?|val(id(ation)?)?|test(ing)?|eval(uation)?|dev|holdout'
    r'|fold|split|(un)?labell?ed)( ?(set|data|images|\d+))?'
    '|images?|imgs?|pictures|photos|jpegimages|imagesets|thumbnails|backup'
    '|masks?|labels|annotations|segmentationclass|segmentations|label maps'
    '|ground truth|gt|new folder'
)
# Folders of systems
_SKIPPED = re.compile(
    r'\..*|__MACOSX|@eaDir|lost\+found|#recycle|\$RECYCLE\.BIN'
    '|System Volume Information'
)
_BEGINNING = 16 << 10  # bytes, beyond the headers of pictures


def read_folder(root: str, options: LabelOptions) -> Rows:
    """Return the images of a folder that has one folder for each class.

    Files with the same name below several class folders are one image, and
    must have the same content; those with other names must not.
    """
    classes = sorted(
        entry.name
        for entry in os.scandir(root)
        if entry.is_dir() and not _SKIPPED.fullmatch(entry.name)
    )
    if not classes:
        raise ValueError('has no folder of a class, such as cat/ of cat/a.jpg')
    _check_classes(classes, options)
    shown: dict[str, list[str]] = {}
    for name in classes:
        for image in list_images(osp.join(root, name)):
            shown.setdefault(image, []).append(name)
    for image, names in shown.items():
        for other in names[1:]:
            if not _are_equal(root, f'{names[0]}/{image}', f'{other}/{image}'):
                raise ValueError(
                    f'has different images {f"{names[0]}/{image}"!r} and '
                    f'{f"{other}/{image}"!r}: only one image of several '
                    'classes may have one name; rename one of the two'
                )
    rows = [Row(None, f'{n[0]}/{image}', n) for image, n in shown.items()]
    _check_copies(root, rows)
    return Rows(rows)


def _check_classes(folders: Sequence[str], options: LabelOptions) -> None:
    """Refuse folders that are hardly those of classes."""
    known = {look(name) for name in options.classes}
    odd = [
        name
        for name in folders
        if look(name) not in known and _NO_CLASS.fullmatch(look(name))
    ]
    if odd == ['train'] and len(folders) > 1:  # pictures of trains
        return
    if odd:
        raise ValueError(
            f'has the folders {", ".join(odd)}, which are hardly classes: '
            f'name the folder that holds those of classes (is it {odd[0]}?), '
            'or list the classes (--classes, `classes`)'
        )


def _check_copies(root: str, rows: Sequence[Row]) -> None:
    """Raise if an image has two names, and other classes by each."""
    by_size: dict[int, list[Row]] = {}
    for row in rows:
        path = osp.join(root, row.image)
        # a broken link and an empty file are named with the images
        if osp.exists(path) and (size := osp.getsize(path)):
            by_size.setdefault(size, []).append(row)
    for group in by_size.values():
        first: dict[int, Row] = {}  # by what equal files begin with
        for row in group if len(group) > 1 else ():
            with open(osp.join(root, row.image), 'rb') as file:
                same = first.setdefault(hash(file.read(_BEGINNING)), row)
            if same.names != row.names and _are_equal(
                root, same.image, row.image
            ):
                raise ValueError(
                    f'has one image as {same.image!r} and as {row.image!r}, '
                    'of different classes: if it shows both, give both files '
                    'one name, else remove one'
                )


def _are_equal(root: str, first: str, second: str) -> bool:
    """Return False if two files can be read and differ."""
    paths = osp.join(root, first), osp.join(root, second)
    try:
        return filecmp.cmp(*paths, shallow=False)
    except OSError:  # named with the images
        return True
