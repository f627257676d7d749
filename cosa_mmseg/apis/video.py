"""Videos: their frames as pictures, and overlays as a film."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import mmcv
import numpy as np

from cosa_mmseg.datasets.bad_files import BadFileError
from cosa_mmseg.datasets.unfetched import why_missing
from cosa_mmseg.utils.atomic import atomic_file

from .pictures import Clip, Picture

USUAL_RATE = 25.0  # frames a second, of videos that do not say


def frames_of(video: Picture) -> Iterator[Picture]:
    """Read the frames of a video, one after the other.

    Args:
        video (Picture): Its file.

    Yields:
        Picture: ``<name>/000000`` and so on.

    Raises:
        BadFileError: If OpenCV reads no frame of it.
    """
    path = str(video.source)
    if not Path(path).is_file():
        raise BadFileError(f'{path} {why_missing(path, "check its name")}')
    reader = mmcv.VideoReader(path, cache_capacity=1)
    clip = Clip(video.name, reader.fps if reader.fps > 0 else USUAL_RATE)
    number = 0
    while (frame := reader.read()) is not None:
        title = f'{video.title} frame {number}'
        yield Picture(frame, f'{video.name}/{number:06d}', title, clip)
        number += 1
    if number == 0:
        raise BadFileError(
            f'{path} is damaged or no video that OpenCV reads: convert it to '
            'MP4'
        )


@contextmanager
def film(
    path: Path, size: tuple[int, int], rate: float
) -> Iterator[Callable[[np.ndarray], object]]:
    """Write an MP4 file, whole or not at all.

    Args:
        path (Path): Where to write it.
        size (tuple[int, int]): (height, width) of the frames.
        rate (float): Frames a second.

    Yields:
        Callable: Takes the next frame, (height, width, 3), uint8, RGB.

    Raises:
        OSError: If this OpenCV cannot write MP4 files.
    """
    with atomic_file(path) as unfinished:
        code = cv2.VideoWriter.fourcc(*'mp4v')
        writer = cv2.VideoWriter(str(unfinished), code, rate, size[::-1])
        try:
            if not writer.isOpened():
                raise OSError(
                    f'cannot write {path}: this OpenCV writes no MP4 files; '
                    "leave 'vis' out of what is saved, or install "
                    'opencv-python'
                )
            yield lambda frame: writer.write(
                np.ascontiguousarray(frame[..., ::-1])
            )
        finally:
            writer.release()
