"""The images of a split with their labels and, to score, their masks."""

import copy
import os
from collections.abc import Callable
from pathlib import Path

import mmengine.fileio as fileio
import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS
from mmseg.datasets.transforms import LoadAnnotations

from cosa_mmseg.datasets.bad_files import naming_bad_files
from cosa_mmseg.datasets.similar_names import folded
from cosa_mmseg.utils.pipelines import without_masks


def build_split(
    cfg: Config, split: str, masks: str | None = None
) -> BaseDataset:
    """Return the images of a split with their labels, in the test pipeline.

    Images whose label is empty are kept.  The pipeline loads no mask.

    Args:
        cfg (Config): With ``test_dataloader`` and ``<split>_dataloader``.
        split (str): ``train``, ``val`` or ``test``.
        masks (str, optional): Folder of masks that the data set names to
            whoever scores; default: as the config has it.

    Returns:
        BaseDataset: In ``test_mode``.

    Raises:
        OSError: If the folder of masks does not exist or has none of the
            images.
        ValueError: If the config has no such split, an image has no label or
            an id that differs from another in its case only, or its id would
            lead out of a folder.
    """
    name = f'{split}_dataloader'
    if not cfg.get(name) or not cfg.get('test_dataloader'):
        raise ValueError(
            f'the config {cfg.filename} must have {name} and test_dataloader '
            '(whose pipeline is used)'
        )
    settings = copy.deepcopy(cfg[name].dataset)
    settings.test_mode = True
    settings.pop('on_error', None)  # what is not read cannot be labelled
    settings.pipeline = without_masks(cfg.test_dataloader.dataset.pipeline)
    if masks is not None:
        if not Path(masks).is_dir():
            raise NotADirectoryError(f'no folder of masks {masks}')
        settings.data_prefix.seg_map_path = os.path.abspath(masks)
    dataset = DATASETS.build(settings)
    _check_images(dataset, split)
    if masks is not None:
        infos = (dataset.get_data_info(i) for i in range(len(dataset)))
        paths = [info['seg_map_path'] for info in infos]
        if not any(map(fileio.exists, paths)):
            raise FileNotFoundError(
                f'the folder of masks {masks} has none of the {len(paths)} '
                f'images, such as {paths[-1]}'
            )
    return dataset


def _check_images(dataset: BaseDataset, split: str) -> None:
    """Raise unless each image has a label and an id of its own."""
    ids: dict[str, str] = {}
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        name = f'image {info.get("img_id", info["img_path"])!r}'
        if 'gt_label' not in info:
            raise ValueError(
                f'{name} of the {split} split has no image-level label: '
                'pseudo labels are restricted to it; add the label, or take '
                'the image off the list'
            )
        path = Path(info['img_id'])
        key = folded(path.as_posix())
        if key in ids:
            raise ValueError(
                f'{name} and image {ids[key]!r} of the {split} split have '
                'one name where case does not count: rename one'
            )
        ids[key] = info['img_id']
        if path.is_absolute() or '..' in path.parts:
            raise ValueError(
                f'{name} of the {split} split: an id must be a path below '
                'the folder of the images'
            )


def mask_reader(
    dataset: BaseDataset,
) -> Callable[[str], np.ndarray | None]:
    """Return a function that reads the mask of an image, if it has one.

    Args:
        dataset (BaseDataset): Of :func:`build_split`.

    Returns:
        Callable: From an image id to class ids (H, W), uint8, 255 = ignore;
        None where the data set has no masks or no such file exists. A file
        that cannot be read raises a ``BadFileError``, which names it.
    """
    infos = (dataset.get_data_info(i) for i in range(len(dataset)))
    by_id = {i['img_id']: i for i in infos if 'seg_map_path' in i}
    load = LoadAnnotations()

    def read(img_id: str) -> np.ndarray | None:
        info = copy.deepcopy(by_id.get(img_id))  # loading adds to it
        if info is None or not fileio.exists(info['seg_map_path']):
            return None
        with naming_bad_files(info):
            return load(info)['gt_seg_map']

    return read
