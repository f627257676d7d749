"""Images with exported pseudo labels, to train a second stage with."""

import os.path as osp
from pathlib import Path

from mmengine.registry import DATASETS

from cosa_mmseg.utils.reading import read_json

from .checked_seg_dataset import CheckedSegDataset
from .image_files import drop_repeated, read_image_list

# what an export of pseudo labels writes
KINDS = ('cam', 'seg')
MANIFEST = 'manifest.json'


@DATASETS.register_module()
class PseudoLabelDataset(CheckedSegDataset):
    """Images and pseudo labels that ``cosa pseudo-labels`` made.

    A sample is what mmseg's ``BaseSegDataset`` gives, with a pseudo label in
    the place of the mask (``seg_map_path``; 255 = ignore), and ``img_id``.

    A folder that the exporter did not write is refused, so that nothing is
    trained with masks by mistake. For training only: scores need masks.

    Args:
        label_root (str): Folder that the exporter wrote, relative to the
            working folder.
        kind (str): ``'seg'`` or ``'cam'``, see
            :class:`cosa_mmseg.apis.pseudo_labels.PseudoLabelFolder`.
            Defaults to ``'seg'``.
        ann_file (str): The image list in ``label_root``. Defaults to
            ``'train.txt'``.
        classes_of (str, optional): Registered data set that has the classes
            and the palette, such as ``'VOCImageLabelDataset'``. Defaults to
            None: those of ``metainfo``, or else of the export.
        metainfo (dict, optional): ``classes``, background first, and
            ``palette``, before those of ``classes_of``. Defaults to None.
        img_suffix (str, optional): What makes a file name of an image id;
            None looks the file up. Defaults to ``'.jpg'``.
        **kwargs: Further arguments of :class:`CheckedSegDataset`, as
            ``data_root``, ``data_prefix=dict(img_path=...)`` and ``pipeline``.

    Raises:
        FileNotFoundError: ``label_root`` is no export, or an unfinished one,
            or lacks the label of an image.
        ValueError: ``kind`` or ``classes_of`` is unknown, the kind was not
            exported, the classes of the export are others, or it is to be
            evaluated with.
    """

    def __init__(
        self,
        label_root: str,
        kind: str = 'seg',
        ann_file: str = 'train.txt',
        classes_of: str | None = None,
        metainfo: dict | None = None,
        img_suffix: str | None = '.jpg',
        test_mode: bool = False,
        **kwargs,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f'kind must be one of {KINDS}, but is {kind!r}')
        if test_mode:
            raise ValueError(
                'PseudoLabelDataset is for training: a score needs masks, '
                'which e.g. VOCImageLabelDataset with test_mode=True reads'
            )
        self.label_root = Path(label_root)
        self.kind = kind
        if classes_of is not None:
            metainfo = {**_metainfo_of(classes_of), **(metainfo or {})}
        super().__init__(
            ann_file=osp.abspath(self.label_root / ann_file),
            metainfo=metainfo or dict(classes=self._exported_classes()),
            img_suffix=img_suffix,
            **kwargs,
        )

    def load_data_list(self) -> list[dict]:
        """Return the images of the export's list, in its order."""
        self._check_classes()
        lines = read_image_list(self.ann_file, self.backend_args)
        img_ids = drop_repeated(lines, self.ann_file)
        folder = self.label_root / self.kind
        labels = {i: str(folder / f'{i}.png') for i in img_ids}
        missing = [path for path in labels.values() if not osp.isfile(path)]
        if missing:
            raise FileNotFoundError(
                f'{len(missing)} of the {len(labels)} images of '
                f'{self.ann_file} have no pseudo label; the first is '
                f'{missing[0]}: repeat the export, which adds what is missing'
            )
        files = self._find_files(img_ids, self.ann_file)
        return [
            self._sample(i, files[i], seg_map_path=path)
            for i, path in labels.items()
        ]

    def _read_json(self, name: str) -> dict:
        """Read a file of the export; errors say how to make it."""
        try:
            return read_json(self.label_root / name)
        except (FileNotFoundError, NotADirectoryError) as err:
            raise FileNotFoundError(
                f'{self.label_root} holds no finished export of pseudo labels '
                f'(it has no {name}), and nothing else is trained with: write '
                'one with `cosa pseudo-labels CONFIG CHECKPOINT --out '
                f'{self.label_root}`, or set `label_root`'
            ) from err

    def _exported_classes(self) -> list[str]:
        """Return names of the classes of the labels, background first."""
        kinds = self._read_json(MANIFEST).get('which', [])
        if self.kind not in kinds:
            raise ValueError(
                f'{self.label_root} holds pseudo labels of the kind '
                f'{" and ".join(kinds)}, not of the kind {self.kind}: set '
                f'`kind`, or export with --which {self.kind}'
            )
        # written last: where it is, all labels are
        return list(self._read_json('summary.json')[self.kind]['classes'])

    def _check_classes(self) -> None:
        """Raise unless the export has the classes of the config."""
        exported = self._exported_classes()
        expected = list(self.metainfo['classes'])
        if exported != expected:
            raise ValueError(
                f'the pseudo labels in {self.label_root} are of the classes '
                f'{exported}, but the data set has {expected}: set '
                '`label_root` to an export of this data set'
            )


def _metainfo_of(name: str) -> dict:
    """Return classes and palette of a registered data set."""
    metainfo = getattr(DATASETS.get(name), 'METAINFO', {})
    if 'classes' not in metainfo:
        raise ValueError(
            f'classes_of={name!r} is no registered data set with classes of '
            "its own, such as 'VOCImageLabelDataset'; leave it out to take "
            'the classes of the export, or set `metainfo`'
        )
    return metainfo
