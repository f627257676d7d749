"""Batches of what data samples say about their images."""

from collections.abc import Sequence

import torch
from mmseg.structures import SegDataSample
from torch import Tensor


def _name(data_sample: SegDataSample, index: int) -> str:
    """Return what an error calls an image."""
    return data_sample.metainfo.get('img_path', f'number {index} of the batch')


def stack_img_labels(
    data_samples: Sequence[SegDataSample],
    num_classes: int,
    device: torch.device | str,
) -> Tensor:
    """Return image-level labels y as multi-hot vectors.

    Args:
        data_samples (Sequence[SegDataSample]): N samples with
            ``gt_label.label``, the 0-based ids of the classes present.
        num_classes (int): Number C of foreground classes.
        device (torch.device | str): Of the result. Labels that are on the CPU
            are checked without waiting for it.

    Returns:
        Tensor: y in {0, 1}, float32, shape (N, C).

    Raises:
        ValueError: A sample has no label, or an id is not in [0, C).
    """
    rows = []
    for i, sample in enumerate(data_samples):
        if 'gt_label' not in sample:
            raise ValueError(
                f'image {_name(sample, i)} has no image-level label '
                '(`gt_label`): its data set gives none, or the pipeline does '
                'not end with PackImageLabelInputs'
            )
        present = sample.gt_label.label.tolist()
        if not all(0 <= c < num_classes for c in present):
            raise ValueError(
                f'the label of image {_name(sample, i)} is {present}, but '
                f'class ids must be in [0, {num_classes}) for {num_classes} '
                'foreground classes (0 is the first one, not the background)'
            )
        row = torch.zeros(num_classes)
        row[present] = 1.0
        rows.append(row)
    return torch.stack(rows).to(device, non_blocking=True)


def shown_classes(
    data_samples: Sequence[SegDataSample], device: torch.device | str
) -> Tensor:
    """Classes that at least one image of a batch shows.

    Args:
        data_samples (Sequence[SegDataSample]): As for
            :func:`stack_img_labels`.
        device (torch.device | str): Of the result. Labels that are on the CPU
            are read without waiting for it.

    Returns:
        Tensor: 0-based ids, ascending, int64 (P,); class 0 where there is
        none, so that P is at least 1.
    """
    shown = set().union(
        *(sample.gt_label.label.tolist() for sample in data_samples)
    )
    return torch.tensor(sorted(shown or {0})).to(device, non_blocking=True)


def stack_valid_mask(
    data_samples: Sequence[SegDataSample],
    size: tuple[int, int],
    device: torch.device | str,
) -> Tensor:
    """Return where the crops hold real pixels.

    Args:
        data_samples (Sequence[SegDataSample]): N samples; ``valid_box`` in
            their meta information is (top, bottom, left, right), half open.
            A sample without it is valid everywhere.
        size (tuple[int, int]): (H, W) of the crops.
        device (torch.device | str): Of the result.

    Returns:
        Tensor: True inside the box, bool, shape (N, H, W).

    Raises:
        ValueError: A box is not within the crop.
    """
    h, w = size
    mask = torch.zeros(len(data_samples), h, w, dtype=torch.bool)
    for i, sample in enumerate(data_samples):
        box = sample.metainfo.get('valid_box', (0, h, 0, w))
        top, bottom, left, right = box
        if not (0 <= top <= bottom <= h and 0 <= left <= right <= w):
            raise ValueError(
                f'valid_box {tuple(box)} (top, bottom, left, right) of image '
                f'{_name(sample, i)} is not within a crop of {h} x {w}'
            )
        mask[i, top:bottom, left:right] = True
    return mask.to(device, non_blocking=True)


def stack_masks(
    data_samples: Sequence[SegDataSample],
    size: tuple[int, int],
    device: torch.device | str,
) -> tuple[Tensor, Tensor] | tuple[None, None]:
    """Return the masks that some images have to train with.

    Args:
        data_samples (Sequence[SegDataSample]): N samples, some of them with
            ``train_mask``, (1, H, W); masks to score with do not count.
            Classes that the image's label lacks are ignored, so that what an
            image teaches does not depend on the others of its batch.
        size (tuple[int, int]): (H, W) of the crops.
        device (torch.device | str): Of the result.

    Returns:
        tuple[Tensor, Tensor]: Class ids, 255 for images without a mask, int64
        (N, H, W), and which images have one, bool (N,); or twice None.
    """
    found = ['train_mask' in one for one in data_samples]
    if not any(found):
        return None, None
    has_mask = torch.tensor(found)
    masks = torch.full((len(data_samples), *size), 255)
    for mask, sample in zip(masks, data_samples, strict=True):
        if 'train_mask' in sample:
            whole = sample.train_mask.data[0]
            shown = torch.cat([torch.tensor([0]), sample.gt_label.label + 1])
            known = torch.isin(whole, shown)
            mask.copy_(whole.masked_fill(~known, 255))
    masks, has_mask = (
        one.to(device, non_blocking=True) for one in (masks, has_mask)
    )
    return masks, has_mask
