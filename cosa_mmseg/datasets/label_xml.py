"""Image-level labels in XML of CVAT and PASCAL VOC."""

from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from .label_rows import LabelOptions, Rows
from .label_tools import Export, call_reader, split_name


def read_xml(data: bytes, options: LabelOptions) -> Rows:
    """Read XML of CVAT (images), or of PASCAL VOC (one picture).

    Raises:
        ValueError: It is another file, or what is meant is not clear.
    """
    try:
        root = fromstring(data)
    except (ParseError, DefusedXmlException, ValueError) as err:
        raise ValueError(f'is not XML, or a part of it: {err!r:.200}') from err
    if root.tag == 'annotation' and root.find('filename') is not None:
        return call_reader('PASCAL VOC XML', _voc, root, options)
    if root.tag == 'annotations' and root.find('image') is not None:
        return call_reader('CVAT XML', _cvat, root, options)
    raise ValueError(
        f'holds <{root.tag}>, and neither <annotations> with images, as CVAT '
        'writes, nor the <annotation> of a picture, as PASCAL VOC has'
    )


def _voc(root: Any, options: LabelOptions) -> Export:
    """Read the file of a picture of PASCAL VOC."""
    names = [found.text.strip() for found in root.findall('object/name')]
    return Export([(root.findtext('filename').strip(), names)])


def _cvat(root: Any, options: LabelOptions) -> Export:
    """Read CVAT for images 1.1: tags, and shapes as tags."""
    shown = []
    splits: dict[str, list[str]] = {}
    for image in root.findall('image'):
        name = image.attrib['name']
        found = [part.get('label') for part in image if part.get('label')]
        shown.append((name, found))
        if split := split_name(image.get('subset')):
            splits.setdefault(split, []).append(name)
    classes = [
        name.text for name in root.findall('.//meta//labels/label/name')
    ]
    return Export(shown, classes, splits)
