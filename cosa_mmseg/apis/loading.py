"""Pictures on their way to the network."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

import numpy as np
from mmcv.transforms import Compose
from mmseg.datasets.transforms.loading import InferencerLoader

from cosa_mmseg.datasets.bad_files import BadFileError, naming_bad_files
from cosa_mmseg.datasets.unfetched import why_missing

from .pictures import Picture
from .tiles import Tiling
from .video import frames_of


@dataclass(frozen=True)
class LoadedPicture:
    """A picture that was read.

    Attributes:
        picture (Picture): Which one.
        image (np.ndarray): Its pixels, (H, W, 3), uint8, BGR.
        data (dict): What the test pipeline makes of it.
    """

    picture: Picture
    image: np.ndarray
    data: dict

    @property
    def input_size(self) -> tuple[int, int]:
        """tuple[int, int]: (height, width) of the network's input."""
        if 'inputs' in self.data:
            return tuple(self.data['inputs'].shape[-2:])
        return self.image.shape[:2]


@dataclass(frozen=True)
class FailedPicture:
    """A picture that cannot be used.

    Attributes:
        picture (Picture): Which one.
        reason (str): A sentence that names it.
    """

    picture: Picture
    reason: str
    input_size = None  # there is no input for the network


def load_pictures(
    pictures: Iterable[Picture], pipeline: Compose, raw: bool
) -> Iterator[LoadedPicture | FailedPicture]:
    """Read pictures and the frames of videos.

    Args:
        pictures (Iterable[Picture]): The pictures.
        pipeline (Compose): Test pipeline with an ``InferencerLoader``.
        raw (bool): Whether the steps behind the loader are left out: tiles
            are cut from the picture as it is.

    Yields:
        LoadedPicture | FailedPicture: In their order.
    """
    for picture in pictures:
        frames = frames_of(picture) if picture.is_video else [picture]
        try:
            for frame in frames:
                yield _load(frame, pipeline, raw)
        except BadFileError as err:
            yield FailedPicture(picture, err.sentence)


def _load(picture: Picture, pipeline: Compose, raw: bool) -> LoadedPicture:
    """Read a picture and pass it through the test pipeline.

    Raises:
        BadFileError: If it cannot be read.
    """
    results: Any = picture.source
    image: Any = None
    with ExitStack() as stack:
        if isinstance(results, str):
            if '://' not in results and not os.path.isfile(results):
                why = why_missing(results, 'check its name')
                raise BadFileError(f'{results} {why}')
            stack.enter_context(naming_bad_files(dict(img_path=results)))
        for step in pipeline.transforms:
            if image is not None and raw:
                break
            results = step(results)
            if isinstance(step, InferencerLoader):
                image = results['img']
    return LoadedPicture(picture, image, results)


def in_batches(
    found: Iterable[LoadedPicture | FailedPicture],
    batch_size: int,
    tiling: Tiling,
) -> Iterator[list[LoadedPicture] | FailedPicture]:
    """Gather pictures in batches for the network.

    Args:
        found (Iterable[LoadedPicture | FailedPicture]): Of
            :func:`load_pictures`.
        batch_size (int): How many at most.
        tiling (Tiling): A picture in tiles is alone.

    Yields:
        list[LoadedPicture] | FailedPicture: Inputs of one size, or a picture
        that cannot be read; in their order.
    """
    group: Any  # of one kind
    for size, group in groupby(found, attrgetter('input_size')):
        if size is None:
            yield from group
            continue
        most = 1 if tiling.is_for(size) else batch_size
        while batch := [*islice(group, most)]:
            yield batch
