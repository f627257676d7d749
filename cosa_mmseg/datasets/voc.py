"""PASCAL VOC 2012 with image-level labels."""

import os.path as osp
from contextlib import suppress
from xml.etree import ElementTree

import mmengine.fileio as fileio
from mmengine.registry import DATASETS
from mmseg.datasets import PascalVOCDataset

from cosa_mmseg.utils.reading import decode, read_bytes

from .image_level import ImageLabelDataset


def parse_voc_line(line: str, img_suffix: str | None = '.jpg') -> str:
    """Return the image id in a line of an image list.

    Args:
        line: An image id, or one or two paths, of which the first counts.
        img_suffix: Suffix of the image files, which is no part of the id.
    """
    return osp.basename(line.split()[0]).removesuffix(img_suffix or '')


def load_voc_xml(path: str, backend_args: dict | None = None) -> list[str]:
    """Return class names of the objects in a VOC annotation, in its order.

    VOC files are plain XML. A file that declares a document type is refused,
    since entities could make it huge or reach other files.

    Args:
        path: The XML file.
        backend_args: Where mmengine's file client finds it.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It cannot be read, or an object in it has no name.
    """
    try:
        text = decode(read_bytes(path, backend_args))
        if '<!DOCTYPE' in text:
            raise ValueError('it declares a document type')
        objects = list(ElementTree.fromstring(text).iterfind('object'))
        names = [obj.findtext('name', '').strip() for obj in objects]
        if '' in names:
            raise ValueError(f'object {names.index("") + 1} has no name')
    except (ValueError, ElementTree.ParseError) as err:
        raise ValueError(
            f'{path} cannot be read as a VOC annotation: {err}'
        ) from err
    return names


@DATASETS.register_module()
class VOCImageLabelDataset(ImageLabelDataset):
    """PASCAL VOC: 20 classes and the background.

    The label of an image is the set of the classes of all its objects in
    ``Annotations/<image id>.xml``, "difficult" ones included; the boxes are
    not used. A ``label_file`` (see :class:`ImageLabelDataset`) takes the place
    of the XML files.

    A line of the image list is an image id, or one or two paths as in the
    common ``train_aug.txt`` (``/JPEGImages/2007_000032.jpg
    /SegmentationClassAug/2007_000032.png``), of which only the id is taken.
    Images without an XML file (the ``test`` set) are fine with
    ``test_mode=True``; they have no ``gt_label`` then.

    Args:
        ann_file (str): The image list, relative to ``data_root``, such as
            ``ImageSets/Segmentation/train_aug.txt``.
        data_prefix (dict): Folders: ``img_path`` (``JPEGImages``),
            ``ann_xml`` (``Annotations``) and, for evaluation,
            ``seg_map_path`` (``SegmentationClass``).
        **kwargs: See :class:`ImageLabelDataset`.

    Raises:
        FileNotFoundError: The image list or the XML file of a training image
            does not exist.
        ValueError: An XML file cannot be read or names an unknown class.
    """

    METAINFO = PascalVOCDataset.METAINFO
    trains_with_empty_labels = False

    def parse_img_id(self, line: str) -> str:
        """Return the image id in a line of the image list."""
        return parse_voc_line(line, self.img_suffix)

    def label_source(self, img_id: str) -> str:
        """Return the file that has, or should have, the label of an image."""
        if self.label_file is None and 'ann_xml' in self.data_prefix:
            return fileio.join_path(
                self.data_prefix['ann_xml'], f'{img_id}.xml'
            )
        return super().label_source(img_id)

    def load_class_names(self, img_ids: list[str]) -> dict[str, list[str]]:
        """Read the labels: class names by image, where there is a label."""
        if self.label_file is not None or 'ann_xml' not in self.data_prefix:
            return super().load_class_names(img_ids)
        names = {}
        for img_id in img_ids:
            with suppress(FileNotFoundError):  # it has no label
                path = self.label_source(img_id)
                names[img_id] = load_voc_xml(path, self.backend_args)
        return names
