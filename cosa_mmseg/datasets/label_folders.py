"""Folders with one folder of images for each class."""

import filecmp
import os
import os.path as osp
import re
from collections.abc import Sequence

from .class_names import look
from .image_files import list_images
from .label_rows import LabelOptions, Row, Rows

# Folders of splits, and of what belongs to images
_SPLITS = frozenset(
    ('train', 'training', 'val', 'valid', 'validation', 'test', 'testing')
    + ('trainval', 'eval', 'evaluation', 'dev', 'holdout', 'fold', 'split')
    + ('labeled', 'labelled', 'unlabeled', 'unlabelled')
)
_AFTER_SPLIT = re.compile(r' ?(set|data|images|\d+)$')  # train_set, val2017
_PARTS = frozenset(
    ('images', 'image', 'imgs', 'img', 'pictures', 'photos', 'jpegimages')
    + ('masks', 'mask', 'labels', 'annotations', 'segmentationclass')
    + ('imagesets', 'label maps', 'ground truth', 'gt', 'segmentations')
    + ('new folder', 'backup', 'thumbnails')
)
# Folders of systems
_SKIPPED = frozenset(
    ('__MACOSX', '@eaDir', 'lost+found', '#recycle', '$RECYCLE.BIN')
    + ('System Volume Information',)
)


def read_folder(root: str, options: LabelOptions) -> Rows:
    """Return the images of a folder that has one folder for each class.

    Files with the same name below several class folders are one image, and
    must have the same content; those with other names must not.
    """
    classes = sorted(
        entry.name
        for entry in os.scandir(root)
        if entry.is_dir()
        and not entry.name.startswith('.')
        and entry.name not in _SKIPPED
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
            _check_same(root, f'{names[0]}/{image}', f'{other}/{image}')
    _check_copies(root, shown)
    items = shown.items()
    return Rows([Row(None, f'{names[0]}/{i}', names) for i, names in items])


def _check_classes(folders: Sequence[str], options: LabelOptions) -> None:
    """Refuse folders that are hardly those of classes."""
    known = {look(name) for name in options.classes}
    looks = {name: look(name) for name in folders}
    others = {n: key for n, key in looks.items() if key not in known}
    odd = [
        name
        for name, key in others.items()
        if key in _PARTS or {key, _AFTER_SPLIT.sub('', key)} & _SPLITS
    ]
    if odd == ['train'] and len(folders) > 1:  # pictures of trains
        return
    if odd:
        raise ValueError(
            f'has the folders {", ".join(odd)}, which are hardly classes: '
            f'name the folder that holds those of classes (is it {odd[0]}?), '
            'or list the classes (--classes, `classes`)'
        )


def _check_same(root: str, first: str, second: str) -> None:
    """Raise unless two files are one image."""
    if _are_equal(root, first, second) is False:
        raise ValueError(
            f'has different images {first!r} and {second!r}: only one image '
            'of several classes may have one name; rename one of the two'
        )


def _check_copies(root: str, shown: dict[str, list[str]]) -> None:
    """Raise if an image has two names, and other classes by each."""
    by_size: dict[int, list[str]] = {}
    for image, names in shown.items():
        file = f'{names[0]}/{image}'
        by_size.setdefault(_size(osp.join(root, file)), []).append(file)
    for size, files in by_size.items():
        first: dict[int, str] = {}
        for file in files if size and len(files) > 1 else ():
            same = first.setdefault(_sketch(osp.join(root, file)), file)
            classes = [shown[f.partition('/')[2]] for f in (same, file)]
            if classes[0] != classes[1] and _are_equal(root, same, file):
                raise ValueError(
                    f'has one image as {same!r} and as {file!r}, of '
                    'different classes: if it shows both, give both files '
                    'one name, else remove one'
                )


def _size(path: str) -> int:
    """Bytes of a file; 0 of a broken link, which is named with the images."""
    return osp.getsize(path) if osp.exists(path) else 0


def _sketch(path: str) -> int:
    """Return what is equal for equal files, and rarely for others."""
    with open(path, 'rb') as file:
        beginning = file.read(4096)
        file.seek(max(osp.getsize(path) - 4096, 0))
        return hash(beginning + file.read(4096))


def _are_equal(root: str, first: str, second: str) -> bool | None:
    """Whether two files have one content; None if one cannot be read."""
    paths = osp.join(root, first), osp.join(root, second)
    try:
        return filecmp.cmp(*paths, shallow=False)
    except OSError:
        return None
