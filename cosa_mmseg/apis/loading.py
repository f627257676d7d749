"""Pictures on their way to the network."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

import numpy as np
from mmcv.transforms import Compose
from mmseg.datasets.transforms.loading import InferencerLoader

from cosa_mmseg.datasets.any_image import accept_any_image
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
        """tuple[int, int]: (height, width) of what the network sees."""
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


class PictureLoader:
    """Reads pictures and passes them through a test pipeline.

    Args:
        pipeline (Compose): With an ``InferencerLoader``.
        raw (bool): Whether the steps behind the loader are left out: tiles
            are cut from the picture as it is.
    """

    def __init__(self, pipeline: Compose, raw: bool) -> None:
        self.transforms = pipeline.transforms
        for step in self.transforms:
            if isinstance(step, InferencerLoader):
                step.from_file = accept_any_image(step.from_file)
        self.raw = raw

    def load_all(
        self, pictures: Iterable[Picture]
    ) -> Iterator[LoadedPicture | FailedPicture]:
        """Read pictures and the frames of videos.

        Yields:
            LoadedPicture | FailedPicture: In their order.
        """
        for picture in pictures:
            try:
                if picture.is_video:
                    yield from map(self.load, frames_of(picture))
                else:
                    yield self.load(picture)
            except BadFileError as err:
                yield FailedPicture(picture, err.sentence)

    def load(self, picture: Picture) -> LoadedPicture:
        """Read a picture and pass it through the test pipeline.

        Raises:
            BadFileError: If it cannot be read.
        """
        path = picture.source
        if not isinstance(path, str):
            return self._load(picture, path)
        if '://' not in path and not os.path.isfile(path):
            raise BadFileError(f'{path} {why_missing(path, "check its name")}')
        with naming_bad_files(dict(img_path=path)):
            return self._load(picture, path)

    def _load(
        self, picture: Picture, source: str | np.ndarray
    ) -> LoadedPicture:
        """See :meth:`load`."""
        results: Any = source
        image: Any = None
        for step in self.transforms:
            if image is not None and self.raw:
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
    """Gather pictures that the network sees at once.

    Args:
        found (Iterable[LoadedPicture | FailedPicture]): Of
            :meth:`PictureLoader.load_all`.
        batch_size (int): How many at most.
        tiling (Tiling): What is seen in tiles is alone.

    Yields:
        list[LoadedPicture] | FailedPicture: Inputs of one size, or a picture
        that cannot be read; in their order.
    """
    group: Any  # of one kind
    for size, group in groupby(found, _input_size):
        if size is None:
            yield from group
            continue
        most = 1 if tiling.is_for(size) else batch_size
        while batch := [*islice(group, most)]:
            yield batch


def _input_size(
    found: LoadedPicture | FailedPicture,
) -> tuple[int, int] | None:
    """What the network sees of a picture that could be read."""
    return None if isinstance(found, FailedPicture) else found.input_size
