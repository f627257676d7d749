"""Which pictures to predict, and what their outputs are called."""

import glob
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosa_mmseg.datasets.image_files import IMAGE_SUFFIXES, list_images

VIDEO_EXTENSIONS = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v')


@dataclass(frozen=True)
class Clip:
    """The video of a frame.

    Attributes:
        name (str): Of its outputs.
        rate (float): Frames a second.
    """

    name: str
    rate: float


@dataclass(frozen=True)
class Picture:
    """A picture to predict.

    Attributes:
        source (str | np.ndarray): Its file, or its pixels, (H, W, 3), uint8,
            BGR as ``mmcv.imread`` gives them.
        name (str): Of its outputs, without suffix, perhaps with folders.
        title (str): What to call it in messages.
        clip (Clip, optional): Of what video it is a frame.
    """

    source: str | np.ndarray
    name: str
    title: str
    clip: Clip | None = None

    @property
    def is_video(self) -> bool:
        """bool: Whether it is a video, whose frames are the pictures."""
        return isinstance(self.source, str) and self.source.lower().endswith(
            VIDEO_EXTENSIONS
        )


def find_pictures(
    inputs: str | Path | np.ndarray | Sequence,
    out_dir: str | Path | None = None,
) -> list[Picture]:
    """The pictures that files, folders, patterns and arrays stand for.

    Outputs are named by the path below the folder that all have in common;
    pictures that differ in their suffix only keep it.

    Args:
        inputs: File, folder (with the images below it; videos are named one
            by one), pattern such as ``'pics/*.jpg'``, array, or several.
        out_dir: Where outputs go; images in it are no pictures of a folder or
            pattern.

    Returns:
        list[Picture]: Without repetitions. A file may be missing.

    Raises:
        FileNotFoundError: If a folder or pattern, or all, has no picture.
        ValueError: If an array is no image.
    """
    if isinstance(inputs, (str, Path, np.ndarray)):
        inputs = [inputs]
    if not len(inputs):
        raise FileNotFoundError('no picture is named: the inputs are empty')
    arrays = [isinstance(item, np.ndarray) for item in inputs]
    if any(arrays):
        if not all(arrays):
            raise ValueError('files and arrays cannot be mixed in one call')
        return [_check_array(item, i) for i, item in enumerate(inputs)]
    found: dict[str, str] = {}  # from whole paths to those that were given
    tops = []
    for item in map(str, inputs):
        top, files = _find_files(item, out_dir)
        tops.append(os.path.abspath(top))
        for file in files:
            found.setdefault(os.path.abspath(file), file)
    names = _names([*found], tops)
    return [
        Picture(file, name, file)
        for file, name in zip(found.values(), names, strict=True)
    ]


def _check_array(array: np.ndarray, index: int) -> Picture:
    """An array as a picture, named by its number."""
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
        raise ValueError(
            f'input {index} must be an image (H, W, 3), uint8, BGR, but is '
            f'{array.shape} {array.dtype}'
        )
    return Picture(array, f'{index:08d}', f'input {index}')


def _find_files(
    item: str, out_dir: str | Path | None
) -> tuple[str, list[str]]:
    """The folder of an input, and its files.

    Raises:
        FileNotFoundError: If a folder or a pattern has none.
    """
    if os.path.isdir(item):
        files = [os.path.join(item, name) for name in list_images(item)]
        return item, _outside(files, out_dir, item)
    if os.path.exists(item) or not glob.has_magic(item):
        return os.path.dirname(os.path.abspath(item)), [item]
    suffixes = (*IMAGE_SUFFIXES, *VIDEO_EXTENSIONS)
    files = [
        path
        for path in sorted(glob.glob(item, recursive=True))
        if path.lower().endswith(suffixes) and os.path.isfile(path)
    ]
    top = item
    while glob.has_magic(top):
        top = os.path.dirname(top)
    return top, _outside(files, out_dir, item)


def _outside(
    files: list[str], out_dir: str | Path | None, item: str
) -> list[str]:
    """Files that are not below the folder of the outputs.

    Raises:
        FileNotFoundError: If there is none.
    """
    if out_dir:
        out = Path(out_dir).resolve()
        files = [f for f in files if out not in Path(f).resolve().parents]
    if not files:
        raise FileNotFoundError(
            f'{item!r} has no picture ({", ".join(IMAGE_SUFFIXES)})'
            + (f' outside of {out_dir}' if out_dir else '')
        )
    return files


def _names(files: list[str], tops: list[str]) -> list[str]:
    """Names of the outputs of different files, all different."""
    top = os.path.commonpath(tops)
    paths = [Path(file).relative_to(top) for file in files]
    names = [path.with_suffix('') for path in paths]
    while len({*names}) < len(names):
        times = Counter(names)
        names = [
            path if times[name] > 1 else name
            for path, name in zip(paths, names, strict=True)
        ]
    return [name.as_posix() for name in names]
