"""A pass over all files of the data sets of a config."""

from collections.abc import Iterator

from mmcv.transforms import LoadAnnotations
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from mmseg.datasets import BaseSegDataset
from rich.progress import track
from torch.utils.data import DataLoader, Dataset

from .bad_files import (
    BadFileError,
    check_mask_ids,
    check_mask_size,
    naming_bad_files,
)


def check_data(cfg: Config) -> None:
    """Read each label and decode each file of training and evaluation set.

    Shows its progress, prints what is wrong, one file a line, and writes
    nothing.

    Args:
        cfg (Config): A whole config. The sets are those of
            ``train_dataloader`` and ``val_dataloader``, read by as many worker
            processes as these have. What a set with ``on_error='skip'`` would
            skip is listed, but is no error.

    Raises:
        BadFileError: Some files are bad, with their number.
        FileNotFoundError, ValueError: The first list or label that is
            missing or malformed, or a data set that is not mmseg's.
    """
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    num_bad = 0
    for split in ('train', 'val'):
        loader_cfg = cfg.get(f'{split}_dataloader')
        if loader_cfg is None:
            continue
        dataset = DATASETS.build(loader_cfg.dataset)
        for part in _parts(dataset):
            faults = find_bad_files(part, loader_cfg.num_workers, split)
            for fault in faults:
                print(fault)
            skipped = getattr(part, 'on_error', 'raise') == 'skip'
            print(
                f'{split}: {len(faults)} of {len(part)} images are bad'
                + (', and will be skipped' if faults and skipped else '')
            )
            num_bad += 0 if skipped else len(faults)
    if num_bad:
        raise BadFileError(
            f'{num_bad} of the images are bad, see above: mend them or take '
            "them out of their list (or, to train, set on_error='skip' in "
            'train_dataloader.dataset)'
        )


def find_bad_files(
    dataset: BaseSegDataset, num_workers: int = 0, title: str = ''
) -> list[str]:
    """What is wrong with the files of a data set.

    Each sample goes through the whole pipeline once. Masks are compared with
    images and classes when both are loaded, before anything is resized.

    Args:
        dataset (BaseSegDataset): The data set.
        num_workers (int): Number of worker processes; 0 for none. Defaults to
            0.
        title (str): Written before the progress bar. Defaults to ''.

    Returns:
        list[str]: A sentence for each bad sample, in the order of the list.
    """
    loader = DataLoader(
        _Faults(dataset), batch_size=None, num_workers=num_workers
    )
    faults = iter(loader)  # forks, which is better done before bars' threads
    bar = track(faults, f'checking {title}', total=len(dataset))
    return [fault for fault in bar if fault is not None]


class _Faults(Dataset):
    """What is wrong with each sample of a data set; None where nothing is."""

    def __init__(self, dataset: BaseSegDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, idx: int) -> str | None:
        try:
            self._pass(self.dataset.get_data_info(idx))
        except BadFileError as err:
            return str(err)
        return None

    def _pass(self, info: dict) -> None:
        """Run the pipeline; check the mask where one is loaded."""
        results = dict(info)
        with naming_bad_files(info, self.dataset.backend_args):
            for step in self.dataset.pipeline.transforms:
                results = step(results)
                if results is None:  # the sample is left out
                    return
                if isinstance(step, LoadAnnotations):
                    self._check_mask(results, info)

    def _check_mask(self, results: dict, info: dict) -> None:
        """Raise if a mask does not belong to its image and the classes."""
        mask = results['gt_seg_map']
        check_mask_size(mask.shape, results['ori_shape'], info)
        num_classes = len(self.dataset.metainfo['classes'])
        check_mask_ids(mask, num_classes, self.dataset.ignore_index, info)


def _parts(dataset) -> Iterator[BaseSegDataset]:
    """The data sets in mmengine's wrappers, which have no pipeline."""
    if hasattr(dataset, 'datasets'):  # ConcatDataset
        for part in dataset.datasets:
            yield from _parts(part)
    elif hasattr(dataset, 'dataset'):  # RepeatDataset, ClassBalancedDataset
        yield from _parts(dataset.dataset)
    elif isinstance(dataset, BaseSegDataset):
        yield dataset
    else:
        raise ValueError(
            f'{type(dataset).__name__} is no data set of mmseg, which is what '
            'can be checked'
        )
