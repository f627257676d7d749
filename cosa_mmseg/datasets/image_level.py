"""A segmentation data set that is trained with image-level labels."""

from collections.abc import Sequence

import mmengine.fileio as fileio
from mmengine.logging import print_log
from mmengine.registry import DATASETS
from mmengine.utils import is_abs
from mmseg.datasets import BaseSegDataset


@DATASETS.register_module()
class ImageLabelDataset(BaseSegDataset):
    """Images with the set of classes that each of them shows.

    The images are listed by ``ann_file`` (one id a line); their labels come
    from ``label_file``, a JSON object ``{image id: [class name, ...]}``. The
    first class of ``metainfo`` is the background: it is in every image and is
    never part of a label, so that foreground class ``c`` of a label is channel
    ``c + 1`` of a segmentation.

    A sample is a dict of

    - ``img_path`` (str) and ``img_id`` (str, the line of the list);
    - ``gt_label`` (list[int]): the classes present, 0-based without the
      background, sorted, each once. All of an image's labels count, whatever a
      crop of it will show;
    - ``seg_map_path`` (str): the mask, **only with** ``test_mode=True``. A
      training sample has no path to a mask, wherever ``data_prefix`` points;
    - what mmseg's transforms expect: ``reduce_zero_label``, ``seg_fields`` and
      ``label_map``.

    In training every listed image must have a label; images whose label is
    empty are dropped, and counted in a log line. With ``test_mode=True`` an
    image without a label is kept and carries no ``gt_label``.

    Args:
        ann_file (str): The image list, relative to ``data_root``.
        label_file (str, optional): The labels, relative to ``data_root``. Not
            needed with ``test_mode=True``. Defaults to None.
        data_root (str, optional): Folder that the other paths start from.
            Defaults to None.
        data_prefix (dict): Folders of the images (``img_path``) and, for
            evaluation, of the masks (``seg_map_path``). An entry that is None
            counts as absent. Defaults to ``dict(img_path='')``.
        metainfo (dict, optional): ``classes`` (background first) and
            ``palette``, to use some of the data set's classes or a list of
            one's own. Defaults to None: those of the class.
        **kwargs: Further arguments of mmseg's ``BaseSegDataset``, as
            ``pipeline``, ``test_mode`` and ``img_suffix``.

    Raises:
        FileNotFoundError: The image list or the label file does not exist, or
            a training image has no entry there.
        ValueError: A list or file is malformed, a class is unknown, or there
            is no image left to train with.
    """

    def __init__(
        self,
        ann_file: str,
        label_file: str | None = None,
        data_root: str | None = None,
        data_prefix: dict | None = None,
        metainfo: dict | None = None,
        **kwargs,
    ) -> None:
        self.label_file = label_file
        prefix = data_prefix or dict(img_path='')
        if metainfo and self._has_own(metainfo.get('classes')):
            metainfo = {'palette': [], **metainfo}  # mmseg chooses colours
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix={k: v for k, v in prefix.items() if v is not None},
            **kwargs,
        )

    @classmethod
    def get_label_map(cls, new_classes: Sequence[str] | None = None):
        """How mask ids change where ``metainfo`` gives other classes.

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
        """Whether some of the classes are not among the data set's."""
        return not set(classes or ()) <= set(cls.METAINFO.get('classes', ()))

    def _join_prefix(self) -> None:
        """Put ``data_root`` before the paths that are relative to it."""
        super()._join_prefix()
        if self.label_file and self.data_root and not is_abs(self.label_file):
            self.label_file = fileio.join_path(self.data_root, self.label_file)

    def parse_img_id(self, line: str) -> str:
        """The image id in a line of the image list."""
        return line.strip()

    def label_source(self, img_id: str) -> str:
        """The file that holds, or should hold, the label of an image."""
        if self.label_file is None:
            raise ValueError(
                f'{type(self).__name__} has no labels to train with: set '
                '`label_file` to a JSON file {image id: [class name, ...]} '
                '(VOC: or `ann_xml` in `data_prefix` to its XML files)'
            )
        return self.label_file

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
        try:
            labels = fileio.load(
                self.label_file, 'json', backend_args=self.backend_args
            )
        except FileNotFoundError as err:
            raise FileNotFoundError(
                f'no label file {self.label_file}; check `data_root` and '
                '`label_file`'
            ) from err
        except ValueError as err:
            raise ValueError(f'{self.label_file} is not JSON: {err}') from err
        if not isinstance(labels, dict):
            raise ValueError(
                f'{self.label_file} must hold an object {{image id: [class '
                f'name, ...]}}, but holds a {type(labels).__name__}'
            )
        return {i: labels[i] for i in img_ids if i in labels}

    def load_data_list(self) -> list[dict]:
        """Join the image list with the labels, in the order of the list."""
        img_ids = self._load_img_ids()
        names = self.load_class_names(img_ids)
        if not self.test_mode:
            self._check_labelled(img_ids, names)
        return [self._data_info(i, names.get(i)) for i in img_ids]

    def filter_data(self) -> list[dict]:
        """Drop the training images that show no class, and say how many."""
        if self.test_mode:
            return self.data_list
        kept = [info for info in self.data_list if info['gt_label']]
        if not kept:
            raise ValueError(
                f'none of the {len(self.data_list)} images of {self.ann_file} '
                'has a class in its label: there is nothing to train with'
            )
        if dropped := len(self.data_list) - len(kept):
            print_log(
                f'{type(self).__name__}: dropped {dropped} of '
                f'{len(self.data_list)} images of {self.ann_file}, whose '
                'label is empty',
                logger='current',
            )
        return kept

    def _load_img_ids(self) -> list[str]:
        """Ids of the image list; blank lines are skipped."""
        try:
            lines = fileio.list_from_file(
                self.ann_file, backend_args=self.backend_args
            )
        except (FileNotFoundError, IsADirectoryError) as err:
            raise FileNotFoundError(
                f'no image list {self.ann_file!r}; `ann_file` (below '
                '`data_root`) must name a text file with one image id a line'
            ) from err
        img_ids = [self.parse_img_id(line) for line in lines if line.strip()]
        if not img_ids:
            raise ValueError(f'the image list {self.ann_file} is empty')
        return img_ids

    def _check_labelled(self, img_ids: list[str], names: dict) -> None:
        """Raise if a listed image has no label, naming the first one."""
        missing = [i for i in img_ids if i not in names]
        if missing:
            raise FileNotFoundError(
                f'{len(missing)} of the {len(img_ids)} training images of '
                f'{self.ann_file} have no image-level label; the first is '
                f'{missing[0]!r}, looked for in '
                f'{self.label_source(missing[0])}'
            )

    def _data_info(self, img_id: str, names: list[str] | None) -> dict:
        """One sample, see the class."""
        prefix = self.data_prefix
        info = dict(
            img_path=fileio.join_path(
                prefix['img_path'], img_id + self.img_suffix
            ),
            img_id=img_id,
            label_map=self.label_map,
            reduce_zero_label=self.reduce_zero_label,
            seg_fields=[],
        )
        if names is not None:
            info['gt_label'] = self._class_ids(img_id, names)
        if self.test_mode and 'seg_map_path' in prefix:
            info['seg_map_path'] = fileio.join_path(
                prefix['seg_map_path'], img_id + self.seg_map_suffix
            )
        return info

    def _class_ids(self, img_id: str, names: list[str]) -> list[int]:
        """Foreground ids of class names.

        Where the ``classes`` of ``metainfo`` are some of the data set's, the
        others are passed over.
        """
        if not isinstance(names, list):
            raise ValueError(
                f'the label of image {img_id!r} in '
                f'{self.label_source(img_id)} must be a list of class names, '
                f'but is {names!r}'
            )
        classes = self._foreground()
        left_out: set[str] = set()
        if self.label_map is not None:
            left_out = set(self.METAINFO['classes']) - set(classes)
        unknown = sorted(map(repr, set(names) - set(classes) - left_out))
        if unknown:
            raise ValueError(
                f'unknown class {", ".join(unknown)} in the label '
                f'of image {img_id!r} in {self.label_source(img_id)}; known '
                f'classes: {", ".join(classes)}'
            )
        return sorted(classes.index(n) for n in set(names) - left_out)

    def _foreground(self) -> list[str]:
        """Names of the foreground classes, in the order of their ids."""
        classes = list(self._metainfo.get('classes') or [])
        first = classes[:1]
        if self.label_map is not None:  # some of the data set's classes
            first = self.METAINFO['classes'][:1]
        if len(classes) < 2 or classes[0] != first[0]:
            raise ValueError(
                f'{type(self).__name__} needs its classes: set '
                "`metainfo=dict(classes=('background', ...))`, the background "
                f'first; the classes are {tuple(classes)}'
            )
        return classes[1:]
