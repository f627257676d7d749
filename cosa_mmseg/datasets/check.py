"""A pass over all files of the data sets of a config."""

import logging

from mmcv.transforms import LoadAnnotations
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from mmseg.datasets import BaseSegDataset
from rich.progress import track
from torch.utils.data import DataLoader, Dataset

from .bad_files import BadFileError, check_mask, naming_bad_files
from .findings import Finding, find_in_labels, find_shared, parts_of
from .mask_agreement import MaskClasses, compare_masks


def check_data(cfg: Config) -> None:
    """Read each label and decode each file of training and evaluation set.

    Shows its progress, prints what is wrong, one file a line, and how lists,
    labels and masks belong together; writes nothing.

    Args:
        cfg (Config): A whole config. The sets are those of
            ``train_dataloader`` and ``val_dataloader``, read by as many worker
            processes as these have. What a set with ``on_error='skip'`` would
            skip is listed, but is no error.

    Raises:
        BadFileError: Some files are bad, with their number, or the masks
            contradict the labels.
        FileNotFoundError, ValueError: The first list or label that is
            missing or malformed, or a data set that is not mmseg's.
    """
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    num_bad = 0
    sets = {}
    for split in ('train', 'val'):
        loader_cfg = cfg.get(f'{split}_dataloader')
        if loader_cfg is None:
            continue
        dataset = sets[split] = DATASETS.build(loader_cfg.dataset)
        for part in parts_of(dataset):
            num_bad += _check_part(part, loader_cfg.num_workers, split)
        if split == 'train':
            _print(find_in_labels(dataset))
    if len(sets) == 2:
        _print(find_shared(sets['train'], sets['val']))
    if num_bad:
        raise BadFileError(
            f'{num_bad} of the images are bad, see above: mend them or take '
            "them out of their list (or, to train, set on_error='skip' in "
            'train_dataloader.dataset)'
        )


def _check_part(part: BaseSegDataset, num_workers: int, split: str) -> int:
    """Check a data set; return how many of its images are errors."""
    if not isinstance(part, BaseSegDataset):
        raise ValueError(
            f'{type(part).__name__} is no data set of mmseg, which is what '
            'can be checked'
        )
    samples = _pass_over(part, num_workers, split)
    faults = [fault for fault, _ in samples if fault is not None]
    for fault in faults:
        print(fault)
    skipped = getattr(part, 'on_error', 'raise') == 'skip'
    print(
        f'{split}: {len(faults)} of {len(part)} images are bad'
        + (', and will be skipped' if faults and skipped else '')
    )
    if split == 'val':
        masks = [mask for _, mask in samples if mask is not None]
        _print(compare_masks(masks, part, len(masks)))
    return 0 if skipped else len(faults)


def _print(findings: list[Finding]) -> None:
    for level, sentence in findings:
        warning = 'WARNING: ' if level == logging.WARNING else ''
        print(f'{warning}{sentence}')


def _pass_over(
    dataset: BaseSegDataset, num_workers: int, title: str
) -> list[tuple[str | None, MaskClasses | None]]:
    """Return what is wrong with each sample, and the classes of its mask.

    Each sample goes through the whole pipeline once. Masks are compared with
    images and classes when both are loaded, before anything is resized.

    Args:
        dataset (BaseSegDataset): The data set.
        num_workers (int): Number of worker processes; 0 for none.
        title (str): Written before the progress bar.
    """
    loader = DataLoader(
        _Samples(dataset), batch_size=None, num_workers=num_workers
    )
    samples = iter(loader)  # forks, which is better done before bars' threads
    return list(track(samples, f'checking {title}', total=len(dataset)))


class _Samples(Dataset):
    """Tell what is wrong with each sample of a data set, or None.

    Beside it the classes of the sample's mask, if one is loaded.
    """

    def __init__(self, dataset: BaseSegDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, idx: int) -> tuple[str | None, MaskClasses | None]:
        try:
            return None, self._pass(self.dataset.get_data_info(idx))
        except BadFileError as err:
            return str(err), None

    def _pass(self, info: dict) -> MaskClasses | None:
        """Run the pipeline; check the mask where one is loaded."""
        results, classes = dict(info), None
        with naming_bad_files(info, self.dataset.backend_args):
            for step in self.dataset.pipeline.transforms:
                results = step(results)
                if results is None:  # the sample is left out
                    return classes
                has_mask = 'gt_seg_map' in results
                if isinstance(step, LoadAnnotations) and has_mask:
                    mask, size = results['gt_seg_map'], results['ori_shape']
                    check_mask(mask, size, self.dataset, info)
                    classes = MaskClasses.of(info, mask)
        return classes
