"""Masks as labelling tools read them: COCO, CVAT, LabelMe, Label Studio."""

import base64
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from PIL import Image

from cosa_mmseg.datasets.image_files import say_once
from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.version import __version__

from .mask_codes import label_studio_rle, polygons, run_lengths
from .pictures import Picture


class Annotation:
    """The mask of a class in a picture.

    Args:
        mask (np.ndarray): bool (H, W), not empty.
        id_ (int): Of the class.
        name (str): Of the class.
        score (float, optional): How sure the class or the mask is, in [0, 1].

    Attributes:
        box (tuple[int, int, int, int]): left, top, width and height of what
            the mask covers, pixels.
    """

    def __init__(
        self, mask: np.ndarray, id_: int, name: str, score: float | None = None
    ) -> None:
        self.mask = mask
        self.id_ = id_
        self.name = name
        self.score = score
        rows, columns = (np.flatnonzero(mask.any(k)) for k in (1, 0))
        left, top = int(columns[0]), int(rows[0])
        width, height = int(columns[-1]) - left + 1, int(rows[-1]) - top + 1
        self.box = left, top, width, height

    @property
    def crop(self) -> np.ndarray:
        """np.ndarray: The mask within its box, bool (height, width)."""
        left, top, width, height = self.box
        return self.mask[top : top + height, left : left + width]


def coco_rle(one: Annotation) -> dict:
    """Return a mask as COCO's run lengths, column by column."""
    counts = run_lengths(one.mask.T.ravel())
    return dict(size=[*one.mask.shape], counts=counts)


class AnnotationFiles:
    """Collects the annotations of pictures, and writes them at the end.

    Args:
        root (Path): Folder to write to.
        kinds (Sequence[str]): Of `ANNOTATIONS`.
    """

    def __init__(self, root: Path, kinds: Sequence[str]) -> None:
        self.root = root
        known = (kind for kind in kinds if kind in ANNOTATIONS)
        self.kinds = [*dict.fromkeys(known)]
        self.pictures: list[dict] = []
        self.num_others = 0
        self.classes: Sequence[str] = ()

    def add(
        self,
        picture: Picture,
        label_map: np.ndarray,
        classes: Sequence[str],
        scores: Mapping[str, float] | None = None,
        suffix: str = '',
    ) -> None:
        """Take a picture; a frame of a video has no file, and is left out.

        Args:
            picture (Picture): Which one.
            label_map (np.ndarray): Class ids, uint8 (H, W); the background,
                0, and what is no class, 255, get no mask.
            classes (Sequence[str]): Names, the background first.
            scores (Mapping[str, float], optional): Of the classes, by name.
            suffix (str): What is added to the name of the file of its own.
        """
        source = picture.source
        if not isinstance(source, str):
            self.num_others += 1
            return
        if not self.kinds:
            return
        self.classes = classes
        depth = len(PurePosixPath(picture.name).parts)
        height, width = label_map.shape
        entry = dict(
            file='/'.join(Path(os.path.abspath(source)).parts[-depth:]),
            width=width,
            height=height,
            found={kind: [] for kind in self.kinds},
        )
        for id_ in np.unique(label_map).tolist():
            if 0 < id_ < len(classes):
                score = None if scores is None else scores[classes[id_]]
                one = Annotation(label_map == id_, id_, classes[id_], score)
                for kind in self.kinds:
                    entry['found'][kind].append(ANNOTATIONS[kind][0](one))
        if 'labelme' in self.kinds:
            self._write_labelme(entry, picture.name + suffix, source)
        self.pictures.append(entry)

    def close(self) -> None:
        """Write the files of all pictures, and say which are left out."""
        if self.kinds and self.num_others:
            say_once(
                f'{self.num_others} pictures are not in '
                f'{", ".join(self.kinds)}: frames of a video and arrays are '
                'no files that a labelling tool could open; save the frames '
                'as pictures, and predict those'
            )
        for kind in self.kinds:
            name, text = ANNOTATIONS[kind][1:]
            if self.pictures and text:
                with atomic_file(self.root / name) as unfinished:
                    unfinished.write_text(text(self), encoding='utf-8')

    def _write_labelme(self, picture: dict, name: str, source: str) -> None:
        """Write the file of a picture, for LabelMe."""
        path = self.root / 'labelme' / f'{name}.json'
        content = dict(
            version='5.5.0',
            flags={},
            shapes=picture['found'].pop('labelme'),
            imagePath=os.path.relpath(source, path.parent),
            imageData=None,
            imageHeight=picture['height'],
            imageWidth=picture['width'],
        )
        with atomic_file(path) as unfinished:
            unfinished.write_text(json.dumps(content), encoding='utf-8')


def _coco_entry(
    segmentation: Callable[[Annotation], object],
) -> Callable[[Annotation], dict]:
    def entry(one: Annotation) -> dict:
        found = dict(
            category_id=one.id_,
            segmentation=segmentation(one),
            area=int(one.mask.sum()),
            bbox=[*one.box],
            iscrowd=0,
        )
        return found if one.score is None else dict(found, score=one.score)

    return entry


def _coco_text(kind: str) -> Callable[[AnnotationFiles], str]:
    def text(files: AnnotationFiles) -> str:
        images = [
            dict(
                id=number,
                file_name=picture['file'],
                width=picture['width'],
                height=picture['height'],
            )
            for number, picture in enumerate(files.pictures, 1)
        ]
        found = [
            dict(entry, image_id=number)
            for number, picture in enumerate(files.pictures, 1)
            for entry in picture['found'][kind]
        ]
        annotations = [dict(e, id=k) for k, e in enumerate(found, 1)]
        names = enumerate(files.classes[1:], 1)
        categories = [dict(id=k, name=name) for k, name in names]
        return json.dumps(
            dict(images=images, annotations=annotations, categories=categories)
        )

    return text


def _labelme_entry(one: Annotation) -> dict:
    left, top, width, height = one.box
    file = io.BytesIO()
    Image.fromarray(one.crop).save(file, 'PNG')
    return dict(
        label=one.name,
        points=[[left, top], [left + width - 1, top + height - 1]],
        group_id=None,
        description='',
        shape_type='mask',
        flags={},
        mask=base64.b64encode(file.getvalue()).decode(),
    )


def _cvat_entry(one: Annotation) -> str:
    counts = ', '.join(map(str, run_lengths(one.crop.ravel())))
    keys = ('left', 'top', 'width', 'height')
    box = ' '.join(
        f'{key}="{value}"' for key, value in zip(keys, one.box, strict=True)
    )
    return (
        f'<mask label={quoteattr(one.name)} source="auto" occluded="0" '
        f'rle="{counts}" {box} z_order="0"></mask>'
    )


def _cvat_text(files: AnnotationFiles) -> str:
    names = ''.join(
        f'<label><name>{escape(name)}</name><attributes/></label>'
        for name in files.classes[1:]
    )
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<annotations><version>1.1</version>',
        f'<meta><task><labels>{names}</labels></task></meta>',
    ]
    for number, picture in enumerate(files.pictures):
        lines += [
            f'<image id="{number}" name={quoteattr(picture["file"])} '
            f'width="{picture["width"]}" height="{picture["height"]}">',
            *picture['found']['cvat'],
            '</image>',
        ]
    return '\n'.join([*lines, '</annotations>', ''])


def _label_studio_entry(one: Annotation) -> dict:
    height, width = one.mask.shape
    value = dict(format='rle', rle=label_studio_rle(one.mask))
    return dict(
        type='brushlabels',
        from_name='tag',
        to_name='image',
        original_width=width,
        original_height=height,
        image_rotation=0,
        score=one.score,
        value=dict(value, brushlabels=[one.name]),
    )


def _label_studio_text(files: AnnotationFiles) -> str:
    tasks = [
        dict(
            data=dict(image=picture['file']),
            predictions=[
                dict(
                    model_version=f'cosa_mmseg {__version__}',
                    result=picture['found']['label-studio'],
                )
            ],
        )
        for picture in files.pictures
    ]
    return json.dumps(tasks)


# Name of each; what it makes of a mask; its file; the text of that
ANNOTATIONS: dict[str, tuple[Callable, str, Callable | None]] = {
    'coco': (_coco_entry(coco_rle), 'coco.json', _coco_text('coco')),
    'coco-polygons': (
        _coco_entry(lambda one: polygons(one.mask)),
        'coco_polygons.json',
        _coco_text('coco-polygons'),
    ),
    'cvat': (_cvat_entry, 'cvat.xml', _cvat_text),
    'labelme': (_labelme_entry, 'labelme', None),
    'label-studio': (
        _label_studio_entry,
        'label_studio.json',
        _label_studio_text,
    ),
}
