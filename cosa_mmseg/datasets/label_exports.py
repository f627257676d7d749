"""Image-level labels in spreadsheets, arrays, and folders of tools."""

import csv
import io
import os
import os.path as osp
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from cosa_mmseg.utils.reading import MAX_BYTES, decode, read_bytes

from .label_folders import read_folder
from .label_formats import PARSERS
from .label_rows import LabelOptions, Row, Rows
from .label_tables import OPEN_IMAGES, parse_csv
from .label_tools import Export, as_rows, split_name
from .label_xml import read_xml

MAX_CELLS = 50_000_000
# Files of labels beside, or in the place of, folders of classes
_FILES = (
    *('_annotations.coco.json', '_classes.csv', 'labels.json'),
    *('samples.json', 'metadata.jsonl', 'metadata.csv', 'annotations.xml'),
)
_INSTANCES = 'annotations/instances_*.json'  # COCO, as of CVAT
# What a pickled dict of arrays asks for, by numpy 1 and 2
_ARRAY_PARTS = {
    ('numpy', 'ndarray'): np.ndarray,
    ('numpy', 'dtype'): np.dtype,
    **{
        (f'{module}.multiarray', name): made.__reduce__()[0]
        for module in ('numpy.core', 'numpy._core')
        for name, made in (
            ('_reconstruct', np.empty(0)),
            ('scalar', np.float64(0)),
        )
    },
}


def read_xlsx(data: bytes, options: LabelOptions) -> Rows:
    """Read the one sheet of an Excel file as a table, see `parse_csv`.

    Raises:
        ValueError: It is no such file, too large, or has several sheets.
    """
    try:
        sheets = _read_sheets(data)
    except Exception as err:  # whatever a broken file leads to
        raise ValueError(f'is no Excel file, or a part of it: {err}') from err
    filled = {name: rows for name, rows in sheets.items() if rows}
    if len(filled) != 1:
        raise ValueError(
            f'has {len(filled)} sheets with cells ({", ".join(filled)}), and '
            'must have one: save the sheet of the labels by itself'
        )
    (rows,) = filled.values()
    text = io.StringIO(newline='')
    csv.writer(text, lineterminator='\n').writerows(rows)
    return parse_csv(text.getvalue(), options)._replace(tool='Excel')


def _read_sheets(data: bytes) -> dict[str, list[list[str]]]:
    """Return the rows of each sheet, as long as their longest."""
    from openpyxl import load_workbook

    with ZipFile(io.BytesIO(data)) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > MAX_BYTES:
        raise ValueError(f'it has {size >> 20} MiB when it is unpacked')
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    sheets = {}
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # they may say anything
        rows = [
            ['' if cell is None else str(cell) for cell in row]
            for row in sheet.iter_rows(values_only=True)
            if any(cell is not None for cell in row)
        ]
        width = max(map(len, rows), default=0)
        if width * len(rows) > MAX_CELLS:
            raise ValueError(
                f'sheet {sheet.title!r} has {len(rows)} rows of up to {width} '
                'cells, which no labels need'
            )
        sheets[sheet.title] = [row + [''] * (width - len(row)) for row in rows]
    return sheets


class _ArrayUnpickler(pickle.Unpickler):
    """Makes arrays, and nothing else that a pickle may ask for."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a part of an array."""
        try:
            return _ARRAY_PARTS[module, name]
        except KeyError:
            raise ValueError(
                f'holds {module}.{name}, which is code and no label; it was '
                'not run'
            ) from None


def read_npy(data: bytes, options: LabelOptions) -> Rows:
    """Read ``cls_labels.npy`` of other projects: a dict of 0 and 1 vectors.

    Nothing in the file is run.

    Raises:
        ValueError: It holds something else, or no classes are listed.
    """
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read = getattr(np.lib.format, f'read_array_header_{version[0]}_0')
        _, _, dtype = read(file)
        content = _ArrayUnpickler(file).load().item() if dtype.hasobject else 0
    except Exception as err:  # whatever random bytes lead to
        raise ValueError(
            f'is no array of numpy, or a part of it: {err}'
        ) from err
    if not isinstance(content, dict):
        raise ValueError('must hold a dict from images to vectors of 0 and 1')
    rows = []
    for image, flags in content.items():
        flags = np.ravel(flags)
        if flags.dtype.kind not in 'biuf' or not np.isin(flags, (0, 1)).all():
            raise ValueError(
                f'image {str(image)!r:.60}: the label must be a vector of 0 '
                f'and 1, but is {flags.tolist()!r:.80}'
            )
        rows.append(Row(None, str(image), flags.astype(int).tolist()))
    return Rows(rows, tool='numpy')


def read_export(root: str, options: LabelOptions) -> Rows:
    """Read a folder of a tool, or of one folder for each class.

    A folder has either a file of labels, or one file of LabelMe or PASCAL VOC
    for each picture, or a folder of pictures for each class; or folders of
    splits, ``train``, ``val`` (or ``valid``) and ``test``, each of which does.

    Raises:
        ValueError: There is nothing of this, or more than one.
    """
    splits = {
        entry.name: split
        for entry in os.scandir(root)
        if entry.is_dir() and (split := split_name(entry.name))
    }
    if len({*splits.values()}) == len(splits) > 1 and not (
        splits.keys() & {*options.classes}
    ):
        return _read_splits(root, splits, options)
    found = [*Path(root).glob(_INSTANCES)]
    if len(found) == 1:
        return _read_file(found[0], options)
    for name in ('Annotations', 'annotations'):
        below = osp.join(root, name)
        if osp.isdir(below) and _picture_files(below):
            return _read_pictures(below, options)
    files = [name for name in _FILES if osp.isfile(osp.join(root, name))]
    each = _picture_files(root)
    if len({*files, *each}) > 1 and files:
        raise ValueError(f'has several files of labels: name one, {files[0]}?')
    if files:
        return _read_file(Path(root, files[0]), options)
    return (
        _read_pictures(root, options) if each else read_folder(root, options)
    )


def _read_file(path: Path, options: LabelOptions) -> Rows:
    """Read the file of labels of a folder."""
    data = read_bytes(path)
    if parse := BINARY.get(path.suffix):
        return parse(data, options)
    rows = PARSERS[path.suffix](decode(data), options)
    return rows._replace(tool=rows.tool or path.name)


def _picture_files(folder: str) -> list[str]:
    """Return files that each may be of one picture, sorted."""
    names = (entry.name for entry in os.scandir(folder) if entry.is_file())
    return sorted(n for n in names if n.endswith(('.json', '.xml')))


def _read_pictures(folder: str, options: LabelOptions) -> Rows:
    """Read a file of LabelMe or PASCAL VOC for each picture."""
    found = []
    for name in _picture_files(folder):
        parse: Callable = BINARY.get(osp.splitext(name)[1], _parse_json)
        try:
            rows = parse(read_bytes(osp.join(folder, name)), options)
        except ValueError as err:
            raise ValueError(f'{name}: {err}') from err
        if rows.tool not in _EACH:
            raise ValueError(
                f'has {name}, which is no file of one picture: name the file '
                'of the labels'
            )
        found.append(rows)
    shown = [(row.image, row.names) for rows in found for row in rows.rows]
    classes = [name for rows in found for name in rows.classes]
    return as_rows(found[0].tool, Export(shown, classes))


def _parse_json(data: bytes, options: LabelOptions) -> Rows:
    return PARSERS['.json'](decode(data), options)


def _read_splits(
    root: str, splits: dict[str, str], options: LabelOptions
) -> Rows:
    """Read each folder of a split; names begin with the folder's."""
    parts: dict[str, Rows] = {}
    for folder in sorted(splits):
        try:
            parts[folder] = read_export(osp.join(root, folder), options)
        except ValueError as err:
            raise ValueError(f'{folder}: {err}') from err
    found = [
        row._replace(image=f'{folder}/{row.image}')
        for folder, rows in parts.items()
        for row in rows.rows
    ]
    tools = dict.fromkeys(
        r.tool or 'folders of classes' for r in parts.values()
    )
    return Rows(
        found,
        tuple(dict.fromkeys(n for r in parts.values() for n in r.classes)),
        tuple(note for rows in parts.values() for note in rows.notes),
        f'{", ".join(tools)}, in folders of splits',
        {
            splits[folder]: [f'{folder}/{row.image}' for row in rows.rows]
            for folder, rows in parts.items()
        },
    )


def name_ids(rows: Rows, folder: str) -> Rows:
    """Name the classes of Open Images, if class-descriptions lie beside.

    Args:
        rows: Of any file.
        folder: Where the file is.
    """
    found = sorted(Path(folder).glob('*class-descriptions*.csv'))
    if rows.tool != OPEN_IMAGES or not found:
        return rows
    table = csv.reader(io.StringIO(decode(read_bytes(found[0])), newline=''))
    names = {row[0]: row[1] for row in table if len(row) > 1}
    shown = [
        (row.image, [names.get(name, name) for name in row.names])
        for row in rows.rows
    ]
    return as_rows(rows.tool, Export(shown))


_EACH = ('LabelMe JSON', 'PASCAL VOC XML')
BINARY: dict[str, Callable[[bytes, LabelOptions], Rows]] = {
    '.xml': read_xml,
    '.xlsx': read_xlsx,
    '.npy': read_npy,
}
