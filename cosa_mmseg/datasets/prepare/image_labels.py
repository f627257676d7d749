"""Writes image lists, and labels in the formats of :mod:`..label_files`."""

import csv
import io
import json
import os.path as osp
import shutil
from pathlib import Path

from cosa_mmseg.datasets.class_names import BACKGROUND
from cosa_mmseg.datasets.image_files import find_images
from cosa_mmseg.datasets.label_rows import ImageLabels
from cosa_mmseg.utils.atomic import atomic_file, atomic_folder
from cosa_mmseg.utils.plain_cell import plain_cell
from cosa_mmseg.utils.reading import read_bytes


def list_text(img_ids: list[str]) -> str:
    """Return an image list: one id a line."""
    return ''.join(f'{img_id}\n' for img_id in img_ids)


def json_text(value: object) -> str:
    """Return JSON in one line."""
    return json.dumps(value, ensure_ascii=False)


def labels_text(labels: dict[str, list[str]]) -> str:
    """Return a label file: a JSON object with one image a line."""
    lines = (f'{json_text(i)}: {json_text(labels[i])}' for i in labels)
    return '{\n' + ',\n'.join(lines) + '\n}\n'


def write_missing(texts: dict[Path, str]) -> None:
    """Write the files that are not there, each whole or not at all.

    Args:
        texts: What the files shall hold.

    Raises:
        FileExistsError: A file is there and holds something else; nothing is
            written then.
    """
    for path, text in texts.items():
        if path.exists() and read_bytes(path) != text.encode():
            raise FileExistsError(
                f'{path} holds something else than what would be written: '
                'move it away to have it written anew'
            )
    for path, text in texts.items():
        if not path.exists():
            with atomic_file(path) as unfinished:
                unfinished.write_bytes(text.encode())


def write_labels(
    labels: ImageLabels,
    path: str | Path,
    one_hot: bool = False,
    images: str | Path | None = None,
) -> None:
    """Write labels in the format that the suffix tells, whole or not at all.

    Args:
        labels: What to write.
        path: The file. Without a suffix it is a folder to make, with one
            folder for each class, into which the images are copied.
        one_hot: Whether a ``.csv`` shall have one column of 0 and 1 for each
            class, in the order of ``labels.classes``.
        images: The folder of the images, for a folder.

    Raises:
        FileExistsError: ``path`` is a folder to make and exists.
        FileNotFoundError: An image to copy is not there.
        ValueError: The format cannot hold these labels.
    """
    suffix = osp.splitext(path)[1].lower()
    if one_hot and suffix != '.csv':
        raise ValueError(f'one-hot labels are for a .csv, and not for {path}')
    if not suffix:
        _write_folder(labels, Path(path), images)
        return
    if suffix not in _FORMATS:
        raise ValueError(
            f'{path} must end with {", ".join(_FORMATS)}, or have no suffix '
            'for a folder'
        )
    write = _one_hot_csv if one_hot else _FORMATS[suffix]
    with atomic_file(path) as unfinished:
        unfinished.write_bytes(write(labels).encode())


def write_splits(labels: ImageLabels, folder: str | Path) -> list[str]:
    """Write the image lists of the splits that the source of labels knows.

    Args:
        labels: With ``splits``.
        folder: Where to write ``train.txt``, ``val.txt`` and ``test.txt``.

    Returns:
        list[str]: Paths of the lists.

    Raises:
        FileExistsError: A list is there and holds something else.
    """
    texts = {
        Path(folder, f'{split}.txt'): list_text(images)
        for split, images in labels.splits.items()
    }
    write_missing(texts)
    return [*map(str, texts)]


def _csv(labels: ImageLabels) -> str:
    for name in labels.classes:
        if ';' in name:
            raise ValueError(
                f'class {name!r} cannot be in a column of classes with ; '
                'between: choose another format, or one-hot columns'
            )
    rows = [[image, ';'.join(names)] for image, names in labels.names.items()]
    return _csv_text([['image', 'labels'], *rows])


def _one_hot_csv(labels: ImageLabels) -> str:
    classes = labels.classes
    if not classes or {'image', 'labels'}.intersection(classes):
        raise ValueError(
            'one-hot columns need a class, and none with the name of the '
            f'columns image and labels; the classes are {list(classes)}'
        )
    rows = [
        [image, *(str(int(name in names)) for name in classes)]
        for image, names in labels.names.items()
    ]
    return _csv_text([['image', *classes], *rows])


def _csv_text(rows: list[list[str]]) -> str:
    formula = next((c for r in rows for c in r if plain_cell(c) != c), None)
    if formula is not None:
        raise ValueError(
            f'a spreadsheet would take the cell {formula!r} for a formula: '
            'choose another format'
        )
    text = io.StringIO(newline='')
    csv.writer(text, lineterminator='\n').writerows(rows)
    return text.getvalue()


def _jsonl(labels: ImageLabels) -> str:
    return ''.join(
        json_text({'image': image, 'labels': names}) + '\n'
        for image, names in labels.names.items()
    )


def _txt(labels: ImageLabels) -> str:
    return ''.join(
        image + '\t' + '\t'.join(names) + '\n'
        for image, names in labels.names.items()
    )


_FORMATS = {
    '.csv': _csv,
    '.json': lambda labels: labels_text(labels.names),
    '.jsonl': _jsonl,
    '.txt': _txt,
}


def _write_folder(
    labels: ImageLabels, folder: Path, images: str | Path | None
) -> None:
    """Copy each image into the folders of its classes, or `background`."""
    if images is None:
        raise ValueError(
            f'{folder} has no suffix, so it is a folder to copy the images '
            'to: say where they are (--images)'
        )
    for name in labels.classes:
        if '/' in name or name.startswith('.'):
            raise ValueError(f'class {name!r} cannot be the name of a folder')
    files = find_images(labels.names, str(images))
    with atomic_folder(folder) as unfinished:
        for image, names in labels.names.items():
            for name in names or (BACKGROUND,):
                target = unfinished / name / files[image]
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(Path(images, files[image]), target)
