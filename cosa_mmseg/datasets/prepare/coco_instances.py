"""Reads which classes the images of MS COCO show, and nothing else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from cosa_mmseg.datasets.coco import COCO_CLASSES
from cosa_mmseg.datasets.image_files import check_unique

from .json_stream import iter_json_arrays

IMG_SUFFIX = '.jpg'
MAX_PIXELS = 1 << 28  # more are no photograph, but would be allocated
_CLASS_IDS = {name: i for i, name in enumerate(COCO_CLASSES) if i > 0}


class ImageInfo(NamedTuple):
    """Name without suffix, as ``COCO_val2014_000000000042``, and size."""

    name: str
    height: int
    width: int


@dataclass(frozen=True)
class Instances:
    """Images, categories and labels of an annotation file.

    Attributes:
        path: The file.
        images: Image id -> image.
        class_ids: Category id (1..90, with gaps) -> segmentation id (1..80).
        labels: Image id -> segmentation ids of what the image shows, sorted;
            it may be nothing. Crowds count.
    """

    path: Path
    images: dict[int, ImageInfo]
    class_ids: dict[int, int]
    labels: dict[int, list[int]]

    def class_names(self) -> dict[str, list[str]]:
        """Return names of classes by image, sorted by name and by id."""
        named = {
            image.name: [COCO_CLASSES[i] for i in self.labels[key]]
            for key, image in self.images.items()
        }
        return dict(sorted(named.items()))


def read_instances(path: Path) -> Instances:
    """Read images, categories and labels; segmentations are passed over.

    Memory grows with the number of images, not with that of annotations.

    Args:
        path: ``instances_{train,val}2014.json``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is broken or contradicts itself.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no {path}: unpack MS COCO's "
            f'annotations_trainval2014.zip in {path.parent.parent}'
        )
    images: dict[int, ImageInfo] = {}
    class_ids: dict[int, int] = {}
    # image id and category id -> index of the first annotation that says so
    pairs: dict[tuple[int, int], int] = {}
    arrays = ('images', 'categories', 'annotations')
    for array, index, entry in iter_json_arrays(path, arrays):
        where = f'{path}: {array}[{index}]'
        if array == 'images':
            _add(images, entry, _image(entry, where), where)
        elif array == 'categories':
            _add(class_ids, entry, _class_id(entry, where), where)
        else:
            image_id = member(entry, 'image_id', int, where)
            category_id = member(entry, 'category_id', int, where)
            pairs.setdefault((image_id, category_id), index)
    check_unique((image.name for image in images.values()), path)
    labels: dict[int, set[int]] = {image_id: set() for image_id in images}
    for (image_id, category_id), index in pairs.items():
        where = f'{path}: annotations[{index}] has'
        if image_id not in images:
            raise ValueError(
                f"{where} 'image_id' {image_id}, which 'images' lacks"
            )
        if category_id not in class_ids:
            raise ValueError(
                f"{where} 'category_id' {category_id}, which 'categories' "
                'lacks'
            )
        labels[image_id].add(class_ids[category_id])
    return Instances(
        path, images, class_ids, {i: sorted(ids) for i, ids in labels.items()}
    )


def member(entry: Any, key: str, kind: type, where: str) -> Any:
    """Return a member of an entry of the file.

    Raises:
        ValueError: If it is missing or of another type than ``kind``.
    """
    if not isinstance(entry, dict) or key not in entry:
        raise ValueError(f'{where} has no {key!r}')
    if not isinstance(entry[key], kind):
        raise ValueError(
            f'{where}: {key!r} must be of type {kind.__name__}, but is '
            f'{entry[key]!r:.60}'
        )
    return entry[key]


def _add(known: dict[int, Any], entry: Any, value: Any, where: str) -> None:
    """Put an image or category where its id says."""
    key = member(entry, 'id', int, where)
    if key in known:
        raise ValueError(f'{where}: the id {key} is that of an earlier entry')
    known[key] = value


def _image(entry: Any, where: str) -> ImageInfo:
    """Return name and size of an image."""
    file_name = member(entry, 'file_name', str, where)
    name = file_name.removesuffix(IMG_SUFFIX)
    is_name = name not in ('', file_name) and name.isprintable()
    if not is_name or '/' in name or '\\' in name:
        raise ValueError(
            f"{where}: 'file_name' must be a name in {IMG_SUFFIX} without a "
            f'folder, but is {file_name!r}'
        )
    height = member(entry, 'height', int, where)
    width = member(entry, 'width', int, where)
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise ValueError(
            f'{where}: the image has {height} x {width} pixels; allowed are '
            f'1 to {MAX_PIXELS}'
        )
    return ImageInfo(name, height, width)


def _class_id(entry: Any, where: str) -> int:
    """Return the segmentation id of a category."""
    name = member(entry, 'name', str, where)
    if name not in _CLASS_IDS:
        raise ValueError(
            f"{where}: unknown category {name!r}; MS COCO's are "
            f'{", ".join(_CLASS_IDS)}'
        )
    return _CLASS_IDS[name]
