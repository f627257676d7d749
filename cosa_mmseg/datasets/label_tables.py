"""Tables of image-level labels, ``.csv``."""

import csv
import io
import json
import re
from collections.abc import Sequence

from .class_names import MAX_CLASSES, look, tidy
from .label_cells import FALSE, TRUE, are_flags, has_no
from .label_rows import LabelOptions, Row, Rows
from .label_services import Columns, auto_ml, cells_of, open_images
from .label_tools import as_rows, picture_name

_DELIMITERS = ',;\t|'
_SEP_LINE = re.compile(r'\A"?sep=.?"?\n')  # of Excel; names the delimiter
_IN_FRONT = re.compile('^(is|image|img) ')
_MAX_OTHERS = 64  # columns beside those of classes
# Columns that are hardly those of a class, though they may hold 0 and 1
_SPLIT = re.compile(
    'train(ing)?|val(id(ation)?)?|test(ing)?|split|subset|fold|phase'
)
_LABEL = re.compile(
    'labels?|class(es)?|category|target|tags?|(label|class|category) id|choice'
    '|y'
)
_OTHER = re.compile(
    f'{_SPLIT.pattern}|ids?|index|idx|width|height|size|url|date|timestamp'
    '|verified|checked|approved|done|completed|exported|uploaded|version'
    '|confidence|score|iscrowd|difficult|truncated|occluded|quality|weight'
    '|count|total|sum|num (labels|classes)|annotation id|annotator|user|used'
    '|lead time|(created|updated) at|source|comments?|notes?|flag(ged)?'
    '|deleted|blur(ry|red)|cropped|duplicate|corrupt|(in)?valid|usable|usage'
    '|(annotated|labell?ed|reviewed)( by)?|has (mask|labels?|annotation|box)'
    '|include|exclude|keep|skip(ped)?|status|public|private|priority'
)
# What columns of images, and of the names of classes, are called
_IMAGE = re.compile(
    '(image|img|file|picture|photo)[ _]?(name|id|path)?|path', re.IGNORECASE
)
LABELS = frozenset(
    ('label', 'labels', 'class', 'classes', 'category', 'categories')
    + ('target', 'tag', 'tags', 'choice')
)
_NUMBERED = re.compile(r'(label|class|category|tag|species)[ _-]?\d+', re.I)
OPEN_IMAGES = 'Open Images CSV'
# Columns that tell a tool
_TOOLS = {
    'Label Studio CSV': {'annotation_id', 'lead_time'},
    'Hugging Face CSV': {'file_name'},
    'Roboflow CSV': {'filename'},
}
_CONFIDENCES = ('confidence', 'conf', 'score', 'prob', 'probability')


def parse_csv(text: str, options: LabelOptions) -> Rows:
    """Parse rows of names with separators, or of one flag for each class.

    Columns have commas between, or semicolons, as of Excel in many languages,
    or tabs. A header that comes again, as in joined files, is passed over.
    Tables of Open Images and AutoML are recognised.
    """
    if '://' in ','.join(text.lstrip().partition('\n')[0].split(',')[:2]):
        return as_rows('AutoML CSV', auto_ml(text))
    lines, columns = _read_table(text)
    if {'ImageID', 'LabelName'} <= columns.keys():
        return as_rows(OPEN_IMAGES, open_images(lines, columns, options))
    tool = next((t for t, n in _TOOLS.items() if n <= columns.keys()), '')
    if 'filename' in columns:  # Roboflow's word for no class
        columns.pop('Unlabeled', None)
    columns = _name_columns(columns, options)
    images = [
        picture_name(cell) if '://' in cell or cell[:6] == '/data/' else cell
        for cell in columns.pop('image')
    ]
    rows = [Row(*row, []) for row in zip(lines, images, strict=True)]
    classes: list[str] = []
    if labels := columns.pop('labels', []):
        _check_confidences(lines, columns)
        for row, cell in zip(rows, labels, strict=True):
            row.names.append(cell)
    elif rows:
        classes = _find_classes(columns, options)
        _read_flags(rows, {name: columns[name] for name in classes})
    others = [name for name in columns if name and name not in classes]
    notes = (
        [f'columns that are not read: {", ".join(others)}'] if others else []
    )
    return Rows(rows, tuple(classes), tuple(notes), tool)


def _name_columns(columns: Columns, options: LabelOptions) -> Columns:
    """Return the columns with ``image`` and, where it is clear, ``labels``.

    Raises:
        ValueError: There is no column of that name, or several may be meant.
    """
    named = [name for name in columns if _IMAGE.fullmatch(name)]
    if not named:  # of Kaggle; numbers count the rows
        named = [n for n in columns if n.lower() == 'id']
        if all(map(str.isdigit, columns[named[0]] if named else ())):
            raise ValueError(
                'has no column of images: head the one of their names `image`'
            )
    if 'image' not in columns and len(named) > 1:
        raise ValueError(
            f'has several columns of images, {", ".join(named)}: head the '
            'one of the names of files `image`'
        )
    if 'image' not in columns:
        columns = {
            'image' if name in named else name: cells
            for name, cells in columns.items()
        }
    if options.column and options.column not in columns:
        raise ValueError(
            f'has no column {options.column!r}, but {", ".join(columns)}'
        )
    if 'labels' not in columns or options.column:
        _name_labels(columns, options.column)
    return columns


def _name_labels(columns: Columns, column: str) -> None:
    """Put the names of classes, if there are any, into ``labels``."""
    texts = [name for name, cells in columns.items() if not are_flags(cells)]
    found = [name for name in texts if name.lower() in LABELS]
    numbered = [name for name in texts if _NUMBERED.fullmatch(name)]
    if column:
        found, numbered = [column], []
    if len(found) > 1 or (found and numbered):
        raise ValueError(
            f'has several columns of labels, {", ".join(found + numbered)}: '
            'name the one of the classes (--column of `cosa prepare labels`), '
            'or head it `labels`'
        )
    for name in found:
        columns['labels'] = columns.pop(name)
    if numbered:
        cells = zip(*(columns.pop(name) for name in numbered), strict=True)
        columns['labels'] = [json.dumps([*filter(None, c)]) for c in cells]


def _read_table(text: str) -> tuple[list[int], Columns]:
    """Return the line of each row, and the columns by their names."""
    text = _SEP_LINE.sub('\n', text)
    first = text.strip().partition('\n')[0].replace('"', '')
    delimiter = next(
        (
            d
            for d in _DELIMITERS
            if any(map(_IMAGE.fullmatch, cells_of(first.split(d))))
            or 'id' in cells_of(first.lower().split(d))
        ),
        ',',
    )
    reader = csv.reader(
        io.StringIO(text, newline=''), delimiter=delimiter, strict=True
    )
    try:
        rows = [(reader.line_num, cells_of(cells)) for cells in reader]
    except csv.Error as err:
        raise ValueError(f'line {reader.line_num}: {err}') from err
    rows = [(line, row) for line, row in rows if any(row)]
    header = rows[0][1] if rows else []
    _check_header(header, delimiter)
    table = [(line, row) for line, row in rows if row != header]
    for line, row in table:
        if len(row) != len(header):
            raise ValueError(
                f'line {line}: the row has {len(row)} cells, the header '
                f'{len(header)}; classes in a cell need another character '
                f'between, and a cell with {delimiter!r} in it quotes around'
            )
    columns = {
        name: [row[index] for _, row in table]
        for index, name in enumerate(header)
    }
    return [line for line, _ in table], columns


def _check_header(header: Sequence[str], delimiter: str) -> None:
    """Refuse a header without the columns that are read."""
    is_named = any(map(_IMAGE.fullmatch, header)) or 'id' in map(
        str.lower, header
    )
    if not is_named or not 1 < len(header) == len(set(header)):
        raise ValueError(
            'must have the header `image,labels`, or `image` and each of the '
            'classes once, with commas, semicolons or tabs between; it has '
            f'{delimiter.join(header)!r:.200}'
        )
    if len(header) > MAX_CLASSES + _MAX_OTHERS:
        raise ValueError(
            f'has {len(header)} columns; there may be {MAX_CLASSES} classes, '
            f'and {_MAX_OTHERS} other columns'
        )


def _check_confidences(lines: list[int], columns: Columns) -> None:
    """Refuse 0, which says that the image does not show the class."""
    for column, cells in columns.items():
        if column.lower() not in _CONFIDENCES:
            continue
        for line, cell in zip(lines, cells, strict=True):
            if cell.strip('0.') == '' and '0' in cell:
                raise ValueError(
                    f'line {line}: column {column!r} is not read, but 0 in it '
                    'says that the image does not show the class: take such '
                    'rows out'
                )


def _find_classes(columns: Columns, options: LabelOptions) -> list[str]:
    """Return the names of the columns that are those of classes.

    Raises:
        ValueError: There is none, two are of one class, or it is not clear.
    """
    classes = [
        name
        for name in columns
        if not _is_index(name, columns) and _is_class(name, columns, options)
    ]
    if not classes:
        raise ValueError('has no column of a class beside `image`')
    first: dict[str, str] = {}
    for name in classes:
        base, _, number = name.rpartition('.')  # pandas' second column
        is_second = number.isdigit() and base in classes
        same = base if is_second else tidy(name)
        if first.setdefault(same, name) != name and (
            name not in options.classes
        ):
            raise ValueError(
                f'columns {first[same]!r} and {name!r} are likely of one '
                'class: leave one out, or list the classes (--classes, '
                '`classes`)'
            )
    return classes


def _read_flags(rows: list[Row], columns: Columns) -> None:
    """Add the name of each column with a flag to the rows."""
    no = FALSE
    if not any(map(has_no, columns.values())):
        no = FALSE | {''}
    for name, cells in columns.items():
        for row, cell in zip(rows, cells, strict=True):
            if cell.lower() in TRUE:
                row.names.append(name)
            elif cell.lower() not in no:
                reason = _why_no_flag(cell, name)
                raise ValueError(f'line {row.line}: {reason}')


def _why_no_flag(cell: str, column: str) -> str:
    text = f'column {column!r} must be 0 or 1, but is {cell!r:.60}'
    if cell in ('', '-1', '-1.0'):
        return (
            f'{text}, which may mean that the image does not show it, or that '
            'nobody knows: write 0 or 1, or leave the image out'
        )
    return (
        f'{text} (beside `image`, each column is a class unless one is '
        '`labels`; where classes are listed, --classes or `classes`, columns '
        'of others are passed over)'
    )


def _is_index(name: str, columns: Columns) -> bool:
    """Return True if a nameless column counts the rows, or is empty."""
    cells = columns[name]
    if name or not any(cells):  # pandas reads no name as `Unnamed: 0`
        return not name or name.lower().startswith('unnamed:')
    return next(iter(columns)) == '' and all(map(str.isdigit, cells))


def _is_class(name: str, columns: Columns, options: LabelOptions) -> bool:
    """Return True if a column is that of a class.

    Raises:
        ValueError: It may be or not.
    """
    known = {look(tidy(c)) for c in options.classes}
    if look(tidy(name)) in known:
        return True
    plain = _plain(name)
    is_odd = _OTHER.fullmatch(plain) is not None
    if name == 'train':  # there are pictures of trains
        is_odd = any(_SPLIT.fullmatch(_plain(c)) for c in columns if c != name)
    has_flags = are_flags(columns[name])
    if known:
        return has_flags and not is_odd
    if _LABEL.fullmatch(plain) and not has_flags:
        raise ValueError(
            f'column {name!r} holds no 0 and 1: if the names of classes are '
            'in it, head it `labels`'
        )
    if has_flags and (is_odd or _LABEL.fullmatch(plain)):
        raise ValueError(
            f'column {name!r} holds 0 and 1, and may be no class: leave it '
            'out, or list the classes, with it or without (--classes, '
            '`classes`)'
        )
    return not is_odd


def _plain(name: str) -> str:
    """Return the name of a column as the patterns above have it."""
    return _IN_FRONT.sub('', look(tidy(name)))
