"""Pseudo labels of a whole split from a config and a checkpoint."""

import hashlib
import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.utils import track_iter_progress
from torch.utils.data import DataLoader, Subset

from cosa_mmseg.apis.annotations import AnnotationFiles
from cosa_mmseg.apis.pictures import Picture
from cosa_mmseg.datasets.bad_files import BadFileError
from cosa_mmseg.engine.checkpoint_classes import find_other_classes
from cosa_mmseg.interop.trained import load_segmentor
from cosa_mmseg.models import CoSA
from cosa_mmseg.utils.precision import warn_if_slow
from cosa_mmseg.version import __version__

from .folder import KINDS, PseudoLabelFolder
from .split import build_split, mask_reader
from .summary import summarize
from .whole_image import label_images


def export_pseudo_labels(
    cfg: Config,
    checkpoint: str | Path,
    out: str | Path,
    which: Sequence[str] = KINDS,
    split: str = 'train',
    raw_cam: bool = False,
    masks: str | None = None,
    batch_size: int = 1,
    num_workers: int = 0,
    save: Sequence[str] = (),
) -> dict:
    """Write and summarise the pseudo labels of a split.

    A call with the settings of an earlier one goes on where that one stopped.

    Args:
        cfg (Config): The config of the training.
        checkpoint (str | Path): Its checkpoint.
        out (str | Path): Folder to write, see :class:`PseudoLabelFolder`;
            also ``<split>.txt``, the image list, and ``summary.json``.
        which (Sequence[str]): Kinds of labels, of ``cam`` and ``seg``.
        split (str): ``train``, ``val`` or ``test``: whose dataloader of the
            config names the data set.
        raw_cam (bool): Whether to write the CAMs too.
        masks (str, optional): Folder of masks for the summary; default: those
            of the data set's config, if any.
        batch_size (int): Images in a batch.
        num_workers (int): Processes that load images.
        save (Sequence[str]): Labelling tools to write the labels for too, of
            `ANNOTATIONS`: ``<kind>_masks/``.

    Returns:
        dict: Of :func:`summarize`.

    Raises:
        OSError: If a file is missing or cannot be written.
        ValueError: If an argument, a label, an image or the folder is wrong.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = build_split(cfg, split, masks)
    classes = dataset.metainfo['classes']
    folder = PseudoLabelFolder(
        Path(out), which, raw_cam, dataset.metainfo['palette']
    )
    settings = run_settings(cfg, checkpoint, split, which, raw_cam)
    model = load_model(cfg, checkpoint, classes)
    warn_if_slow(
        'model.assigner.dtype',
        str(model.assigner.dtype).removeprefix('torch.'),
        get_device(),
    )
    folder.claim(settings)
    img_ids = export_images(model, dataset, folder, batch_size, num_workers)
    write_masks(folder, dataset, save)
    summary = summarize(folder, img_ids, classes, mask_reader(dataset))
    folder.write_text(f'{split}.txt', ''.join(f'{i}\n' for i in img_ids))
    folder.write_text('summary.json', json.dumps(summary, indent=2) + '\n')
    return summary


def run_settings(
    cfg: Config,
    checkpoint: str | Path,
    split: str,
    which: Sequence[str],
    raw_cam: bool,
) -> dict:
    """Return what the files of an export depend on, as plain data.

    Args:
        cfg (Config): The config.
        checkpoint (str | Path): File of the checkpoint.
        split (str): Name of the split.
        which (Sequence[str]): Kinds of labels.
        raw_cam (bool): Whether CAMs are written.

    Returns:
        dict: For :meth:`PseudoLabelFolder.claim`.

    Raises:
        OSError: If the checkpoint cannot be read.
    """
    digest = hashlib.sha256()
    with open(checkpoint, 'rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    dataset = cfg[f'{split}_dataloader'].dataset.to_dict()
    dataset.pop('pipeline', None)  # that of training is not used
    return dict(
        cosa_mmseg=__version__,
        config=cfg.filename and Path(cfg.filename).name,
        checkpoint=Path(checkpoint).name,
        checkpoint_sha256=digest.hexdigest(),
        split=split,
        which=sorted(set(which)),
        raw_cam=raw_cam,
        model=cfg.model.to_dict(),
        dataset=dataset,
        pipeline=cfg.test_dataloader.dataset.to_dict()['pipeline'],
    )


def load_model(
    cfg: Config, checkpoint: str | Path, classes: Sequence[str]
) -> CoSA:
    """Load a trained model with the state of its thresholds.

    Args:
        cfg (Config): The config.
        checkpoint (str | Path): File of the checkpoint.
        classes (Sequence[str]): Those of the data set.

    Returns:
        CoSA: On the device that there is, in evaluation mode.

    Raises:
        ValueError: If the model is no ``CoSA``, or the checkpoint cannot be
            loaded or is of another model or other classes.
    """
    model = load_segmentor(cfg, checkpoint)
    if not isinstance(model, CoSA):
        raise ValueError(
            f'the model of {cfg.filename} is a {type(model).__name__}: only '
            'CoSA has an assigner, which makes pseudo labels'
        )
    if others := find_other_classes(model.dataset_meta['classes'], classes):
        raise ValueError(
            f'{checkpoint} does not fit the data set of {cfg.filename}: '
            f'{others}; give it the classes that the model was trained with'
        )
    return model.to(get_device())


class _Samples(Subset):
    """Some samples of a data set; of an unreadable image, the error."""

    def __getitems__(self, positions: list[int]) -> list:
        return [self._read(self.indices[place]) for place in positions]

    def _read(self, index: int) -> dict | BadFileError:
        try:
            return self.dataset[index]
        except BadFileError as err:  # raised later: a worker would add to it
            return err


def export_images(
    model: CoSA,
    dataset: BaseDataset,
    folder: PseudoLabelFolder,
    batch_size: int = 1,
    num_workers: int = 0,
) -> list[str]:
    """Write the pseudo labels of the images that have none in the folder.

    Args:
        model (CoSA): Trained model; it is left in evaluation mode.
        dataset (BaseDataset): Of :func:`build_split`.
        folder (PseudoLabelFolder): Where to write.
        batch_size (int): Images in a batch, if they are of one size.
        num_workers (int): Processes that load images; 0: none besides this.

    Returns:
        list[str]: Ids of all images of the data set, in its order.

    Raises:
        BadFileError: If an image cannot be read; it is named.  What was
            written before stays.
    """
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    img_ids = [info['img_id'] for info in infos]
    todo = [i for i, img_id in enumerate(img_ids) if not folder.has(img_id)]
    loader = DataLoader(
        _Samples(dataset, todo),
        batch_size,
        num_workers=num_workers,
        collate_fn=list,
    )
    for batch in track_iter_progress((loader, len(loader))):
        for sample in batch:
            if isinstance(sample, BadFileError):
                raise sample
        for _, same in groupby(batch, key=lambda s: s['inputs'].shape):
            data = pseudo_collate(list(same))
            labels = label_images(model, data)
            for sample, label in zip(
                data['data_samples'], labels, strict=True
            ):
                folder.write(sample.img_id, label)
    return img_ids


def write_masks(
    folder: PseudoLabelFolder, dataset: BaseDataset, tools: Sequence[str]
) -> None:
    """Write the labels of all images as masks for labelling tools.

    Ignored pixels are in no mask; the score of a mask is the mean confidence
    of its pixels.

    Args:
        folder (PseudoLabelFolder): With the files of all images.
        dataset (BaseDataset): Of :func:`build_split`.
        tools (Sequence[str]): Of `ANNOTATIONS`.
    """
    classes = dataset.metainfo['classes']
    for kind in folder.which if tools else ():
        files = AnnotationFiles(folder.root / f'{kind}_masks', tools)
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            img_id, path = info['img_id'], str(info['img_path'])
            label, confidence = folder.read(kind, img_id)
            scores = {
                classes[id_]: round(float(confidence[label == id_].mean()), 4)
                for id_ in np.unique(label).tolist()
                if id_ < len(classes)
            }
            picture = Picture(path, img_id, path)
            files.add(picture, label, classes, scores)
        files.close()
