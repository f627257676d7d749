"""Masks of some of the training images."""

import logging
from collections.abc import Sequence

import mmengine.fileio as fileio
from mmengine.logging import print_log

from .image_files import list_images

MOST_DRAWN = 10  # times in an epoch; ours


def add_train_masks(
    infos: Sequence[dict],
    names: Sequence[str],
    folder: str,
    suffix: str,
    backend_args: dict | None,
) -> int:
    """Add the masks that there are to training samples.

    Args:
        infos (Sequence[dict]): The samples; some get a ``seg_map_path``.
        names (Sequence[str]): How the mask of each is named.
        folder (str): Where masks are.
        suffix (str): How their names end.
        backend_args (dict, optional): Of mmengine's file backend.

    Returns:
        int: How many there are.

    Raises:
        FileNotFoundError: If there is none.
    """
    there = {*list_images(folder, suffix, backend_args)}
    for info, name in zip(infos, names, strict=True):
        if name in there:
            info['seg_map_path'] = fileio.join_path(folder, name)
    others = sorted(there.difference(names))
    number = len(there) - len(others)
    if not number:
        raise FileNotFoundError(
            f'`train_masks`, {folder}, has no mask of a training image: '
            f'masks are named as the images, such as {names[0]}'
        )
    text = f'trained with masks of {number} of {len(infos)} images'
    if (times := _times_drawn(number, len(infos))) > 1:
        text += f', which are drawn {times} times in an epoch'
    if others:
        text += (
            f'; {len(others)} masks in {folder} are of no training image and '
            f'are not read, the first is {others[0]}'
        )
    print_log(text, 'current', logging.WARNING if others else logging.INFO)
    return number


def drawn_indices(has_mask: Sequence[bool]) -> list[int]:
    """Return the samples of an epoch, some of them several times.

    Those with a mask are there up to `MOST_DRAWN` times, so that they make up
    a third of an epoch, if it takes that: fifty among a thousand would hardly
    be seen.

    Args:
        has_mask (Sequence[bool]): Whether a sample has a mask; one has.
    """
    indices = [*range(len(has_mask))]
    masked = [i for i in indices if has_mask[i]]
    times = _times_drawn(len(masked), len(indices))
    return indices + (times - 1) * masked


def _times_drawn(num_masks: int, num_images: int) -> int:
    """Return how often an epoch has an image with a mask."""
    times = (num_images - num_masks) // (2 * num_masks)
    return min(max(times, 1), MOST_DRAWN)
