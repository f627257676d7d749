"""A segmentation data set that is trained with image-level labels."""

from collections.abc import Sequence
from dataclasses import replace

import mmengine.fileio as fileio
from mmengine.logging import print_log
from mmengine.registry import DATASETS
from mmengine.utils import is_abs

from cosa_mmseg.utils.palette import voc_palette
from cosa_mmseg.utils.reading import read_text

from .checked_seg_dataset import CheckedSegDataset
from .class_meta import check_classes
from .class_names import BACKGROUND
from .image_files import (
    NameIndex,
    drop_repeated,
    list_images,
    name_masks,
    read_image_list,
)
from .label_files import check_background, read_labels
from .label_rows import ImageLabels, LabelOptions, check_known
from .similar_names import describe_match, similar_name
from .train_masks import add_train_masks, drawn_indices


@DATASETS.register_module()
class ImageLabelDataset(CheckedSegDataset):
    """Images with the set of classes that each of them shows.

    ``ann_file`` lists the images, one id a line; an id that is there twice
    counts once, with a warning. ``label_file`` has their labels, in any format
    of :mod:`.label_files`, with or without the suffixes of the images. Without
    ``ann_file`` the images are those of ``label_file``; without either they
    are all that lie below ``img_path`` (to predict them).

    An id with ``img_suffix`` behind it is a file below ``img_path``. With
    ``img_suffix=None`` files are looked up instead: ids are paths below
    ``img_path`` of images of any kind, with or without suffix.

    The first class of ``metainfo`` is the background: it is in every image and
    is never part of a label, so that foreground class ``c`` of a label is
    channel ``c + 1`` of a segmentation. A data set without a class list takes
    the classes of the label file, sorted, behind ``'background'``.

    A sample is a dict of

    - ``img_path`` (str) and ``img_id`` (str, the line of the list);
    - ``gt_label`` (list[int]): the classes present, 0-based without the
      background, sorted, each once. All of an image's labels count, whatever a
      crop of it will show;
    - ``seg_map_path`` (str): the mask, **only with** ``test_mode=True`` and a
      ``seg_map_path`` in ``data_prefix``, or in training with
      ``train_masks``. Without it a training sample has no path to a mask,
      wherever ``data_prefix`` points;
    - what mmseg's transforms expect: ``reduce_zero_label``, ``seg_fields`` and
      ``label_map``.

    In training every listed image must have a label. An empty label says that
    the image shows no class: it is trained with as background, unless
    ``trains_with_empty_labels`` is False, as in data sets whose published
    lists leave such images out; both are counted in a log line. With
    ``test_mode=True`` an image without a label is kept and carries no
    ``gt_label``.

    Args:
        ann_file (str): The image list, relative to ``data_root``. Defaults to
            '', none.
        label_file (str, optional): The labels, relative to ``data_root``. Not
            needed with ``test_mode=True``. Defaults to None.
        data_root (str, optional): Folder that the other paths start from.
            Defaults to None.
        data_prefix (dict): Folders of the images (``img_path``) and, for
            evaluation, of the masks (``seg_map_path``), which are named as the
            images but for ``seg_map_suffix``, see :func:`name_masks`. An entry
            that is None counts as absent. Defaults to ``dict(img_path='')``.
        metainfo (dict, optional): ``classes`` (background first) and
            ``palette``, to use some of the data set's classes or a list of
            one's own. Defaults to None: those of the class, or of
            ``label_file``.
        img_suffix (str, optional): What makes a file name of an id; None looks
            the file up. Defaults to '.jpg'.
        label_separator (str): As of :class:`LabelOptions`. Defaults to ';'.
        label_union (bool): Likewise ``union``. Defaults to False.
        train_masks (str, optional): Folder with masks of some of the training
            images, relative to ``data_root``, named as for evaluation. They
            supervise both streams in the place of pseudo labels, see
            :meth:`PseudoLabels.with_masks`; ``metainfo`` has their number.
            Their images are drawn several times in an epoch, see
            :func:`drawn_indices`.
            Defaults to None: labels alone are trained with.
        **kwargs: Further arguments: ``on_error`` of
            :class:`CheckedSegDataset`, and those of mmseg's
            ``BaseSegDataset``, as ``pipeline``, ``test_mode`` and
            ``seg_map_suffix``.

    Raises:
        FileNotFoundError: The image list or the label file does not exist, or
            a training image has no entry there, or an image that is looked up
            has no file, or ``train_masks`` has no mask of a training image.
        ValueError: A list or file is malformed, a class is unknown or there
            twice, a name may be several images, or there is no image left to
            train with.
    """

    trains_with_empty_labels = True

    def __init__(
        self,
        ann_file: str = '',
        label_file: str | None = None,
        data_root: str | None = None,
        data_prefix: dict | None = None,
        metainfo: dict | None = None,
        img_suffix: str | None = '.jpg',
        label_separator: str = ';',
        label_union: bool = False,
        train_masks: str | None = None,
        **kwargs,
    ) -> None:
        self.data_root = data_root
        self.train_masks = None
        if not kwargs.get('test_mode'):
            self.train_masks = self._below_root(train_masks)
        if self.train_masks:  # behind the image
            first, *others = kwargs.get('pipeline', ())
            load = dict(type='LoadTrainMask')
            kwargs['pipeline'] = [first, load, *others]
        self.backend_args = kwargs.get('backend_args')
        self.label_file = self._below_root(label_file)
        self.label_options = LabelOptions(label_separator, label_union)
        prefix = data_prefix or dict(img_path='')
        super().__init__(
            ann_file=ann_file,
            metainfo=self._with_classes(metainfo or {}),
            data_root=data_root,
            data_prefix={k: v for k, v in prefix.items() if v is not None},
            img_suffix=img_suffix,
            **kwargs,
        )

    def _below_root(self, path: str | None) -> str | None:
        """Return a path behind ``data_root``, unless it is absolute."""
        if not path or not self.data_root or is_abs(path):
            return path or None
        return fileio.join_path(self.data_root, path)

    def _with_classes(self, metainfo: dict) -> dict:
        """Add classes of the label file, if none are listed, and colours."""
        metainfo = {k: v for k, v in metainfo.items() if v is not None}
        if isinstance(metainfo.get('classes'), str):  # a file, as in mmengine
            text = read_text(metainfo['classes']).strip()
            metainfo['classes'] = text.split('\n')
        classes = metainfo.get('classes') or self.METAINFO.get('classes')
        if not classes and self.label_file:
            classes = (BACKGROUND, *self._read_labels().classes)
        if classes:
            where = f'metainfo of {type(self).__name__}'
            check_classes(classes, where)
            check_background(classes, where)
            known = tuple(classes)[1:]
            self.label_options = replace(self.label_options, classes=known)
        if self._has_own(classes):
            palette = voc_palette(len(classes))
            metainfo = {'palette': palette, **metainfo, 'classes': classes}
        return metainfo

    @classmethod
    def get_label_map(cls, new_classes: Sequence[str] | None = None):
        """Return how mask ids change where ``metainfo`` gives other classes.

        Args:
            new_classes (Sequence[str], optional): Classes of ``metainfo``.

        Returns:
            dict | None: From old to new ids (255: not used) where the classes
            are some of the data set's; None where they are all of them, or a
            class list of the user's own.
        """
        if cls._has_own(new_classes):
            return None
        return super().get_label_map(new_classes)

    @classmethod
    def _has_own(cls, classes: Sequence[str] | None) -> bool:
        """Return True if some classes are not among the data set's."""
        return not set(classes or ()) <= set(cls.METAINFO.get('classes', ()))

    def parse_img_id(self, line: str) -> str:
        """Return the image id in a line of the image list."""
        return line.strip()

    def label_source(self, img_id: str) -> str:
        """Return the place that has, or should have, the label of an image.

        To find the line, which errors name, the file is read again.
        """
        if self.label_file is None:
            raise ValueError(
                f'{type(self).__name__} has no labels to train with: set '
                '`label_file` to one of the formats of '
                'cosa_mmseg/datasets/label_files.py (VOC: or `ann_xml` in '
                '`data_prefix` to its XML files)'
            )
        labels = self._read_labels()
        return labels.place(NameIndex(labels.names).find(img_id) or img_id)

    def load_class_names(self, img_ids: list[str]) -> dict[str, list[str]]:
        """Read the labels.

        Args:
            img_ids (list[str]): The listed images.

        Returns:
            dict[str, list[str]]: Names of the classes present in each image,
            without the images whose label is not known.
        """
        if self.label_file is None:
            return {}
        names = self._read_labels().names
        index = NameIndex(names)
        found = {img_id: index.find(img_id) for img_id in img_ids}
        return {i: names[name] for i, name in found.items() if name}

    def load_data_list(self) -> list[dict]:
        """Join the image list with the labels, in the order of the list."""
        img_ids = self._load_img_ids()
        labels = self.load_class_names(img_ids)
        if not self.test_mode:
            self._check_labelled(img_ids, labels)
        source = self.ann_file or self.label_file or ''
        files = self._find_files(img_ids, source)
        masks = name_masks(files.values(), self.img_suffix)
        infos = [self._sample(i, files[i]) for i in img_ids]
        for info in infos:
            img_id = info['img_id']
            if img_id in labels:
                info['gt_label'] = self._class_ids(img_id, labels[img_id])
            if self.test_mode and 'seg_map_path' in self.data_prefix:
                info['seg_map_path'] = fileio.join_path(
                    self.data_prefix['seg_map_path'],
                    masks[files[img_id]] + self.seg_map_suffix,
                )
        if self.train_masks:
            suffix = self.seg_map_suffix
            self._metainfo['train_masks'] = add_train_masks(
                infos,
                [masks[files[img_id]] + suffix for img_id in img_ids],
                self.train_masks,
                suffix,
                self.backend_args,
            )
        return infos

    @property
    def drawn_indices(self) -> list[int]:
        """list[int]: Samples of an epoch, see :func:`drawn_indices`."""
        indices = range(len(self))
        if not self.train_masks:
            return [*indices]
        infos = map(self.get_data_info, indices)
        return drawn_indices(['seg_map_path' in info for info in infos])

    def filter_data(self) -> list[dict]:
        """Count the training images that show no class, or drop them.

        Raises:
            ValueError: No image shows a class.
        """
        if self.test_mode:
            return self.data_list
        shown = [info for info in self.data_list if info['gt_label']]
        source = self.ann_file or self.label_file
        if not shown:
            raise ValueError(
                f'none of the {len(self.data_list)} images of {source} has a '
                'class in its label: there is nothing to train with'
            )
        kept, action = shown, 'dropped, as the published lists do'
        if self.trains_with_empty_labels:
            kept, action = self.data_list, 'trained with as background'
        if number := len(self.data_list) - len(shown):
            print_log(
                f'{type(self).__name__}: {number} of {len(self.data_list)} '
                f'images of {source} show no class (empty label) and are '
                f'{action}',
                logger='current',
            )
        return kept

    def _read_labels(self) -> ImageLabels:
        """Read the whole label file."""
        path = str(self.label_file)
        labels = read_labels(path, self.label_options, self.backend_args)
        self.label_notes = labels.notes
        return labels

    def _load_img_ids(self) -> list[str]:
        """Return the ids of the images, see the class."""
        if self.ann_file:
            lines = read_image_list(self.ann_file, self.backend_args)
            return drop_repeated(map(self.parse_img_id, lines), self.ann_file)
        suffix = self.img_suffix or ''
        if self.label_file:
            names = list(self._read_labels().names)
        else:
            folder = self.data_prefix['img_path']
            names = list_images(folder, suffix, self.backend_args)
        return sorted({name.removesuffix(suffix) for name in names})

    def _check_labelled(self, img_ids: list[str], names: dict) -> None:
        """Raise if a listed image has no label, naming the first one."""
        missing = [i for i in img_ids if i not in names]
        if missing:
            there = self._read_labels().names if self.label_file else ()
            raise FileNotFoundError(
                f'{len(missing)} of the {len(img_ids)} training images of '
                f'{self.ann_file} have no image-level label; the first is '
                f'{missing[0]!r}{similar_name(missing[0], there)}, looked for '
                f'in {self.label_source(missing[0])}'
                f'{describe_match(missing, there)}'
            )

    def _class_ids(self, img_id: str, names: list[str]) -> list[int]:
        """Return foreground ids of class names.

        Where the ``classes`` of ``metainfo`` are some of the data set's, the
        others are passed over.
        """
        classes = list(self._metainfo['classes'][1:])
        known = () if self.label_map is None else self.METAINFO['classes']
        shown = set(names) - (set(known) - set(classes))
        if not shown.issubset(classes):
            check_known(shown, classes, img_id, self.label_source(img_id))
        return sorted(map(classes.index, shown))
