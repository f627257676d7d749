"""Whether masks show the classes that the image-level labels name."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from mmcv.transforms import LoadAnnotations
from mmseg.datasets import BaseSegDataset
from scipy.optimize import linear_sum_assignment

from .bad_files import BadFileError, check_mask_ids, naming_bad_files

MOVED_SHARE = 0.2  # of the images that another order of classes explains
FEWEST = 3  # labelled images that do not all disagree by a slip


@dataclass(frozen=True)
class MaskClasses:
    """What a mask and an image-level label say of an image.

    Attributes:
        path: Of the mask.
        ids: All ids in the mask.
        label: Segmentation ids, 1..C, of the classes in the label; None
            without a label.
    """

    path: str
    ids: frozenset[int]
    label: frozenset[int] | None

    @classmethod
    def of(cls, info: dict, mask: np.ndarray) -> 'MaskClasses':
        """Take the classes of a sample and its mask, uint8 (h, w)."""
        label = info.get('gt_label')
        return cls(
            info['seg_map_path'],
            frozenset(np.flatnonzero(np.bincount(mask.ravel())).tolist()),
            None if label is None else frozenset(c + 1 for c in label),
        )


def read_masks(
    dataset: BaseSegDataset, max_masks: int
) -> list[MaskClasses | BadFileError]:
    """Read some masks of a set as its pipeline does.

    Args:
        dataset: The set.
        max_masks: How many, evenly spread.

    Returns:
        list: Classes, or what is wrong with the file; empty where the
        pipeline loads no masks.

    Raises:
        BadFileError: A mask has an id that is no class.
    """
    steps = [
        step
        for step in dataset.pipeline.transforms
        if isinstance(step, LoadAnnotations)
    ]
    classes = dataset.metainfo.get('classes')
    if not steps or not classes:
        return []
    number = min(max_masks, len(dataset))
    found: list[MaskClasses | BadFileError] = []
    for index in np.linspace(0, len(dataset) - 1, number).astype(int):
        info = dataset.get_data_info(int(index))
        try:
            with naming_bad_files(info, dataset.backend_args):
                mask = steps[0](dict(info))['gt_seg_map']
        except BadFileError as err:
            found.append(err)
            continue
        if mask.ndim == 2:  # others are refused with their image
            check_mask_ids(mask, len(classes), dataset.ignore_index, info)
            found.append(MaskClasses.of(info, mask))
    return found


def compare_masks(
    found: Sequence[MaskClasses | BadFileError],
    dataset: BaseSegDataset,
    total: int,
) -> list[tuple[int, str]]:
    """Compare the classes of masks with those of image-level labels.

    Args:
        found: Of masks that were read.
        dataset: Their set, for the names of the classes.
        total: Number of masks that there are.

    Returns:
        list[tuple[int, str]]: Level of the log and a sentence; empty where
        there is nothing to compare.

    Raises:
        BadFileError: The masks hold no class at all but ignored pixels, or
            contradict every label: a score would mean nothing.
    """
    faults = [mask for mask in found if isinstance(mask, BadFileError)]
    masks = [mask for mask in found if isinstance(mask, MaskClasses)]
    if faults and not masks:
        text = f'none of the {len(faults)} masks that were tried can be read'
        return [(logging.WARNING, f'{text}; the first: {faults[0].sentence}')]
    if not masks:
        return []
    agreement = _Agreement(masks, dataset)
    known = len(agreement.pairs)
    if not known and not agreement.is_void:
        return []
    few = f' that were read (of {total})' if len(masks) < total else ''
    text = (
        f'{agreement.number} of {known or len(masks)} masks{few} show the '
        f'classes of {"the image-level label" if known else "the data set"}'
    )
    if agreement.number == known and not agreement.is_void:
        return [(logging.INFO, text)]
    text = f'{text}: {agreement.describe()}'
    if agreement.is_void or agreement.is_contradiction:
        raise BadFileError(f'{text}; a score from them would mean nothing')
    return [(logging.WARNING, text)]


class _Agreement:
    """How masks and labels agree, and what it looks like where they do not.

    Args:
        masks: What was read.
        dataset: The set.
    """

    def __init__(
        self, masks: Sequence[MaskClasses], dataset: BaseSegDataset
    ) -> None:
        self.path = masks[0].path
        self.classes = list(dataset.metainfo['classes'])
        self.ignore_index = dataset.ignore_index
        outside = {0, self.ignore_index}
        # foreground ids of mask and label
        self.pairs = [
            (mask.ids - outside, mask.label, mask.path)
            for mask in masks
            if mask.label is not None
        ]
        self.number = sum(ids == label for ids, label, _ in self.pairs)
        self.ids = set(chain(*(mask.ids for mask in masks))) - {0}
        labelled = [pair for pair in self.pairs if pair[1]]
        is_asked = bool(labelled) or not self.pairs
        self.is_void = is_asked and self.ids == {self.ignore_index}
        self.order, self.explained = self._best_order()
        total = len(self.pairs)
        self.is_contradiction = len(labelled) >= FEWEST and (
            not any(ids & label for ids, label, _ in labelled)
            or self._is_hopeless(labelled)
            or self.number <= total / 2 < 0.9 * total <= self.explained
        )

    @staticmethod
    def _is_hopeless(labelled: list) -> bool:
        """Whether no image agrees, and not for want of small objects."""
        return not any(ids == label for ids, label, _ in labelled) and any(
            ids - label for ids, label, _ in labelled
        )

    def describe(self) -> str:
        """Say what the disagreement looks like."""
        ids = self.ids - {self.ignore_index}
        paint = 'ids of masks are those of `classes`, in their order from 0'
        if self.is_void:
            return (
                f'they hold no other values than 0 and {self.ignore_index}, '
                f'which is ignored (binary masks?); {paint}; the first is '
                f'{self.path}'
            )
        if not ids:
            return (
                f'they hold the background (0) alone; {paint}; the first is '
                f'{self.path}'
            )
        shown = set(chain(*(label for _, label, _ in self.pairs)))
        if moved := self._moved():
            text = f'{"; ".join(moved)} (another order of classes?); {paint}'
        elif len(ids) == 1 < len(shown):
            text = f'they hold no other class than {ids.pop()} (binary masks?)'
        else:
            more = sum(bool(mask - label) for mask, label, _ in self.pairs)
            less = sum(bool(label - mask) for mask, label, _ in self.pairs)
            text = (
                f'{more} show a class that the label lacks, {less} lack a '
                'class of the label'
            )
        first, label, path = next(p for p in self.pairs if p[0] != p[1])
        return (
            f'{text}; the first is {path}: mask {self._names(first)}, label '
            f'{self._names(label)}'
        )

    def _names(self, ids: Iterable[int]) -> str:
        names = [f'{i} ({self.classes[i]})' for i in sorted(ids)]
        return ', '.join(names) or 'none'

    def _best_order(self) -> tuple[dict[int, int], int]:
        """The ids that masks have for the classes, if their order is another.

        Returns:
            tuple[dict[int, int], int]: From id in labels to id in masks, and
            the number of images that agree by it.
        """
        number = len(self.classes)
        together = np.eye(number) / 2  # of equals the id that is meant
        for ids, label, _ in self.pairs:
            in_mask, in_label = (
                np.isin(np.arange(number), [*group]) for group in (ids, label)
            )
            together += in_label[:, None] == in_mask
        rows, columns = linear_sum_assignment(together[1:, 1:], maximize=True)
        order = dict(
            zip((rows + 1).tolist(), (columns + 1).tolist(), strict=True)
        )
        explained = sum(
            ids == {order[i] for i in label} for ids, label, _ in self.pairs
        )
        return order, explained

    def _moved(self) -> list[str]:
        """Classes with another id, where that explains many images."""
        gain = self.explained - self.number
        if gain <= 0 or gain < MOVED_SHARE * len(self.pairs):
            return []
        moved = []
        for i, other in self.order.items():
            labelled = [ids for ids, label, _ in self.pairs if i in label]
            number = sum(other in ids for ids in labelled)
            if number and i != other:
                moved.append(
                    f'mask {other} where the label is {i} '
                    f'({self.classes[i]}), in {number} of {len(labelled)}'
                )
        return moved
