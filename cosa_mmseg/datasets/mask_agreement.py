"""Whether masks show the classes that the image-level labels name."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from mmcv.transforms import LoadAnnotations
from mmseg.datasets import BaseSegDataset
from scipy.optimize import linear_sum_assignment

from .bad_files import BadFileError, check_mask_ids, naming_bad_files

MOVED_SHARE = 0.2  # of the images that another order of classes explains
FEWEST = 3  # labelled images that do not all disagree by a slip


@dataclass(frozen=True)
class MaskClasses:
    """Classes that a mask and an image-level label have for an image.

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
        BadFileError: A mask has an id that is no class; one to train with
            cannot be read, or has not the size of its image.
    """
    transforms = dataset.pipeline.transforms
    steps = [s for s in transforms if isinstance(s, LoadAnnotations)]
    classes = dataset.metainfo.get('classes')
    if not steps or not classes:
        return []
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    infos = [info for info in infos if 'seg_map_path' in info]
    found: list[MaskClasses | BadFileError] = []
    number = min(max_masks, len(infos))
    for index in np.linspace(0, len(infos) - 1, number).astype(int):
        info = infos[index]
        # those to train with are loaded behind their image, for its size
        first = 0 if not dataset.test_mode else transforms.index(steps[0])
        try:
            with naming_bad_files(info, dataset.backend_args):
                results = dict(info)
                for step in transforms[first : transforms.index(steps[0]) + 1]:
                    results = step(results)
                mask = results['gt_seg_map']
        except BadFileError as err:
            if not dataset.test_mode:
                raise
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
    known = len(agreement.paths)
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
        use = 'score from' if dataset.test_mode else 'training with'
        raise BadFileError(f'{text}; a {use} them would mean nothing')
    return [(logging.WARNING, text)]


class _Agreement:
    """Agreement of masks and labels, and its description.

    Args:
        masks: What was read.
        dataset: The set of K classes.

    Attributes:
        masks: Foreground classes in masks of n images with a label, bool
            (n, K).
        labels: Those in their labels, likewise.
        number: How many images agree.
        order: Ids that masks have for the K classes, if their order is
            another, and how many images agree by it (``explained``).
        is_void: True where the masks hold ignored pixels alone.
    """

    def __init__(
        self, masks: Sequence[MaskClasses], dataset: BaseSegDataset
    ) -> None:
        self.classes = list(dataset.metainfo['classes'])
        self.ignore_index = dataset.ignore_index
        self.ids = frozenset().union(*(mask.ids for mask in masks)) - {0}
        pairs = [(m.ids, m.label) for m in masks if m.label is not None]
        self.paths = [m.path for m in masks if m.label is not None]
        self.path = masks[0].path
        self.masks = self._to_table(ids for ids, _ in pairs)
        self.labels = self._to_table(label for _, label in pairs)
        self.agree = (self.masks == self.labels).all(1)
        self.number = int(self.agree.sum())
        is_asked = self.labels.any() or not pairs
        self.is_void = is_asked and self.ids == {self.ignore_index}
        together = (2 * self.labels - 1).T @ (2 * self.masks - 1)
        together += np.eye(len(self.classes), dtype=int)  # of equals this one
        _, columns = linear_sum_assignment(together[1:, 1:], maximize=True)
        self.order = [0, *(columns + 1).tolist()]
        by_order = (self.masks[:, self.order] == self.labels).all(1)
        self.explained = int(by_order.sum())

    def _to_table(self, groups: Iterable[frozenset[int]]) -> np.ndarray:
        """Return which foreground classes each group of ids has."""
        ids = np.arange(len(self.classes))
        is_foreground = (ids > 0) & (ids != self.ignore_index)
        rows = [np.isin(ids, [*group]) & is_foreground for group in groups]
        return np.reshape(rows, (-1, len(ids))).astype(bool)

    @property
    def is_contradiction(self) -> bool:
        """True where the masks contradict every label, or have moved ids."""
        total = len(self.paths)
        shown = self.labels.any(1)
        if shown.sum() < FEWEST:
            return False
        # no image agrees, and not for want of small objects
        added = (self.masks & ~self.labels)[shown].any()
        is_hopeless = not self.agree[shown].any() and added
        is_moved = self.number <= total / 2 < 0.9 * total <= self.explained
        apart = not (self.masks & self.labels).any()
        return bool(apart or is_hopeless or is_moved)

    def describe(self) -> str:
        """Say what the disagreement looks like."""
        ids = self.ids - {self.ignore_index}
        paint = 'ids of masks are those of `classes`, in their order from 0'
        if not ids:
            values = 'the background (0) alone'
            if self.is_void:
                values = (
                    f'no other values than 0 and {self.ignore_index}, which '
                    'is ignored (binary masks?)'
                )
            return f'they hold {values}; {paint}; the first is {self.path}'
        if moved := self._moved():
            text = f'{"; ".join(moved)} (another order of classes?); {paint}'
        elif len(ids) == 1 < self.labels.any(0).sum():
            text = f'they hold no other class than {min(ids)} (binary masks?)'
        else:
            more = (self.masks & ~self.labels).any(1).sum()
            less = (self.labels & ~self.masks).any(1).sum()
            text = (
                f'{more} show a class that the label lacks, {less} lack a '
                'class of the label'
            )
        first = int(np.argmin(self.agree))
        return (
            f'{text}; the first is {self.paths[first]}: mask '
            f'{self._names(self.masks[first])}, label '
            f'{self._names(self.labels[first])}'
        )

    def _names(self, shown: np.ndarray) -> str:
        names = [f'{i} ({self.classes[i]})' for i in np.flatnonzero(shown)]
        return ', '.join(names) or 'none'

    def _moved(self) -> list[str]:
        """Return classes with another id, where that explains many images."""
        gain = self.explained - self.number
        if gain <= 0 or gain < MOVED_SHARE * len(self.paths):
            return []
        moved = []
        for i, other in enumerate(self.order):
            found = self.masks[self.labels[:, i], other]
            if found.any() and i != other:
                moved.append(
                    f'mask {other} where the label is {i} '
                    f'({self.classes[i]}), in {found.sum()} of {len(found)}'
                )
        return moved
