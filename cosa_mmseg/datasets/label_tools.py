"""Image-level labels in the JSON files of labelling tools.

A reader takes the content of a file and returns an :class:`Export`. Masks,
boxes and other shapes count as labels of their classes.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlparse

from .class_names import is_background, is_empty
from .image_files import is_image
from .label_rows import LabelOptions, Row, Rows, class_of

_UPLOAD = re.compile(r'/data/upload/.*?([0-9a-f]{8}-)?([^/]+)')
# Fields of Label Studio's JSON-MIN beside those of the pictures and labels
_TASK = frozenset(
    ('id', 'annotator', 'annotation_id', 'created_at', 'updated_at')
    + ('lead_time', 'agreement', 'comments')
)
_SPLITS = {
    'train': 'train',
    'training': 'train',
    'val': 'val',
    'valid': 'val',
    'validation': 'val',
    'dev': 'val',
    'test': 'test',
    'testing': 'test',
}


class Export(NamedTuple):
    """The labels in a file of a tool.

    Attributes:
        shown: Images, as the file has their places, with the classes of their
            labels, in the order of the file; an image of several annotators
            comes several times.
        classes: Those that the file lists.
        splits: Images of each split that the file knows.
        notes: Sentences on what was passed over.
    """

    shown: Sequence[tuple[str, list[str]]]
    classes: Iterable[str] = ()
    splits: Mapping[str, list[str]] = {}
    notes: Sequence[str] = ()


def as_rows(tool: str, export: Export) -> Rows:
    """Return an export as rows of a label file.

    Args:
        tool: Name of the tool and format.
        export: What its reader returned; places of images become names, see
            :func:`picture_name`.
    """
    named = (name for _, names in export.shown for name in names)
    classes = dict.fromkeys([*export.classes, *named])
    known = [c for c in classes if not is_empty(c) and not is_background(c)]
    short = {place: picture_name(place) for place, _ in export.shown}
    counts = Counter(short.values())
    alike = [place for place, name in short.items() if counts[name] > 1]
    short.update((place, _long_name(place)) for place in alike)
    notes = [*export.notes]
    if alike:
        notes.append(
            f'{len(alike)} pictures share their short names with others, and '
            f'keep the longer ones, such as {short[alike[0]]}'
        )
    return Rows(
        [
            Row(None, short[place], [*dict.fromkeys(names)])
            for place, names in export.shown
        ],
        tuple(known),
        tuple(notes),
        tool,
        {
            split: [short[place] for place in places]
            for split, places in export.splits.items()
        },
    )


def split_name(name: str | None) -> str | None:
    """Return ``'train'``, ``'val'`` or ``'test'`` of what a tool calls it."""
    return _SPLITS.get((name or '').lower().strip())


def picture_name(source: str) -> str:
    r"""Return a picture's name from what a tool has as its place.

    Args:
        source: A path, relative (also to a folder above) or not; the address
            of a picture, of which the path remains; or a path of Label
            Studio, without the digits that it puts in front of uploads.
    """
    if upload := _UPLOAD.fullmatch(source):
        return unquote(upload[2])
    address = urlparse(source)
    if address.path == '/data/local-files/':
        return parse_qs(address.query)['d'][0]
    if '://' in source:
        return unquote(address.path).lstrip('/')
    if re.match(r'[a-zA-Z]:[\\/]', source):
        return PureWindowsPath(source).name
    if source.startswith('/'):
        return PurePosixPath(source).name
    return re.sub(r'^(\.{1,2}/)+', '', source.replace('\\', '/'))


def _long_name(source: str) -> str:
    """Return a picture's name with its folders, or the digits in front."""
    if upload := _UPLOAD.fullmatch(source):
        return unquote(f'{upload[1] or ""}{upload[2]}')
    path = urlparse(source).path if '://' in source else source
    return unquote(path).replace('\\', '/').lstrip('/')


def read_tool(content: Any, options: LabelOptions) -> Rows | None:
    """Read JSON of a tool; None if no tool is recognised.

    Args:
        content: What the file holds.
        options: ``column`` names the field of the labels where there are
            several.

    Raises:
        ValueError: It lacks something, or what is meant is not clear.
    """
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, dict):
        return None
    for tool, (needed, is_list, read) in _TOOLS.items():
        if needed <= first.keys() and is_list == (first is not content):
            return call_reader(tool, read, content, options)
    return None


def call_reader(
    tool: str, read: Callable, content: Any, options: LabelOptions
) -> Rows:
    """Call a reader whose errors name the tool."""
    try:
        return as_rows(tool, read(content, options))
    except (KeyError, TypeError, AttributeError, IndexError) as err:
        raise ValueError(
            f'is like a file of {tool}, but an entry lacks {err}'
        ) from err


def _coco(content: dict, options: LabelOptions) -> Export:
    """Read COCO JSON, also of Roboflow, CVAT and Label Studio."""
    names = {entry['id']: entry['name'] for entry in content['categories']}
    files = {entry['id']: entry['file_name'] for entry in content['images']}
    shown: dict[str, list[str]] = {file: [] for file in files.values()}
    for entry in content['annotations']:
        for key, known in (('image_id', files), ('category_id', names)):
            if entry[key] not in known:
                raise ValueError(
                    f'annotation {entry.get("id")} has the {key} '
                    f'{entry[key]!r}, which is none of those that are listed'
                )
        name = names[entry['category_id']]
        shown[files[entry['image_id']]].append(name)
    used = {name for found in shown.values() for name in found}
    # Roboflow lists the name of all classes together as one more category
    groups = {e.get('supercategory') for e in content['categories']}
    classes = [n for n in names.values() if n in used or n not in groups]
    return Export([*shown.items()], classes)


def _label_studio(content: list, options: LabelOptions) -> Export:
    """Read tasks of Label Studio, JSON."""
    shown, waiting = [], 0
    for task in content:
        done = [a for a in task['annotations'] if not a.get('was_cancelled')]
        done = [a for a in done if a.get('ground_truth')] or done
        waiting += not done
        for annotation in done:
            fields: dict[str, list[str]] = {}
            for result in annotation['result']:
                names = [*_values(result.get('value', {}))]
                if names:
                    key = result.get('from_name', '')
                    fields[key] = [*fields.get(key, ()), *names]
            names = _only(fields, options)
            shown.append((_picture(task['data']), names))
    return Export(shown, notes=describe_waiting(waiting))


def _json_min(content: list, options: LabelOptions) -> Export:
    """Read Label Studio's JSON-MIN."""
    shown = []
    for entry in content:
        picture = _picture(entry)
        fields = {
            key: [value] if isinstance(value, str) else [*_values(value)]
            for key, value in entry.items()
            if key not in _TASK and value != picture
        }
        names = _only({k: v for k, v in fields.items() if v}, options)
        shown.append((picture, names))
    return Export(shown)


def _values(value: Any) -> Iterator[str]:
    """Yield names of classes in a value of Label Studio."""
    if isinstance(value, list):
        for part in value:
            yield from _values(part)
    elif isinstance(value, dict):
        for key, names in value.items():
            if key == 'taxonomy':
                yield from (path[-1] for path in names)
            elif key == 'choices' or key.endswith('labels'):
                yield from names


def _only(fields: Mapping[str, list[str]], options: LabelOptions) -> list[str]:
    """Return the names of the one field that holds classes."""
    if options.column:
        return fields.get(options.column, [])
    if len(fields) > 1:
        raise ValueError(
            f'has several fields of labels, {", ".join(map(repr, fields))}: '
            'name the one of the classes (--column of `cosa prepare labels`)'
        )
    return next(iter(fields.values()), [])


def _picture(data: Mapping[str, Any]) -> str:
    """Return the place of the one picture of a task."""
    found = [
        value
        for value in data.values()
        if isinstance(value, str) and is_image(picture_name(value))
    ]
    if len({*found}) != 1:
        raise ValueError(
            f'a task has {len(found)} pictures, and must have one: '
            f'{dict(data)!r:.200}'
        )
    return found[0]


def describe_waiting(number: int) -> list[str]:
    """Say how many pictures nobody has labelled."""
    text = f'{number} pictures that nobody has labelled are left out'
    return [text] if number else []


def _datumaro(content: dict, options: LabelOptions) -> Export:
    """Read Datumaro's JSON, also of CVAT."""
    labels = content['categories']['label']['labels']
    names = [label['name'] for label in labels]
    shown = [
        (
            item.get('image', {}).get('path') or item['id'],
            [
                names[entry['label_id']]
                for entry in item['annotations']
                if entry.get('label_id') is not None
            ],
        )
        for item in content['items']
    ]
    return Export(shown, names)


def _labelme(content: dict, options: LabelOptions) -> Export:
    """Read the file of a picture of LabelMe: flags, and shapes."""
    flags = content.get('flags') or {}
    names = [name for name, flag in flags.items() if flag]
    names += [shape['label'] for shape in content['shapes']]
    return Export([(content['imagePath'], names)], flags)


def _create_ml(content: list, options: LabelOptions) -> Export:
    """Read Create ML's JSON."""
    return Export(
        [(e['image'], [a['label'] for a in e['annotations']]) for e in content]
    )


def _fiftyone(content: dict, options: LabelOptions) -> Export:
    """Read labels.json of FiftyOne: images without their suffix."""
    names = content['classes'] or []
    shown = []
    for image, label in content['labels'].items():
        found = [] if label is None else label
        shown.append(
            (
                image,
                [
                    class_of(one, names) if isinstance(one, int) else one
                    for one in (found if isinstance(found, list) else [found])
                ],
            )
        )
    return Export(shown, names)


def _fiftyone_samples(content: dict, options: LabelOptions) -> Export:
    """Read samples.json of FiftyOne."""
    shown = []
    for sample in content['samples']:
        fields: dict[str, list[str]] = {}
        for key, value in sample.items():
            if isinstance(value, dict) and value.get('_cls'):
                lists = [v for v in value.values() if isinstance(v, list)]
                parts = [p for v in lists for p in v] or [value]
                names = [
                    part['label']
                    for part in parts
                    if isinstance(part, dict) and part.get('label')
                ]
                if names:
                    fields[key] = names
        shown.append((sample['filepath'], _only(fields, options)))
    return Export(shown)


# Keys that tell a tool; whether the file is a list of objects; the reader
_TOOLS: dict[str, tuple[set[str], bool, Callable]] = {
    'COCO JSON': ({'images', 'annotations', 'categories'}, False, _coco),
    'Label Studio JSON': ({'annotations', 'data'}, True, _label_studio),
    'Label Studio JSON-MIN': ({'annotation_id', 'annotator'}, True, _json_min),
    'Datumaro JSON': ({'categories', 'items'}, False, _datumaro),
    'LabelMe JSON': ({'shapes', 'imagePath'}, False, _labelme),
    'Create ML JSON': ({'image', 'annotations'}, True, _create_ml),
    'FiftyOne JSON': ({'classes', 'labels'}, False, _fiftyone),
    'FiftyOne samples': ({'samples'}, False, _fiftyone_samples),
}
