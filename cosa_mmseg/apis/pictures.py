"""Which pictures to predict, and what their outputs are called."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosa_mmseg.datasets.image_files import (
    count_others,
    is_file,
    is_image,
    list_images,
    say_once,
)
from cosa_mmseg.datasets.similar_names import folded

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
        return isinstance(self.source, str) and is_video(self.source)


def find_pictures(
    inputs: str | Path | np.ndarray | Sequence,
    out_dir: str | Path | None = None,
) -> list[Picture]:
    """Find the pictures that files, folders, patterns and arrays name.

    Outputs are named by the path below the folder that all have in common, see
    :func:`_names`. Files that are no pictures are counted in a log line.

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
    """Return an array as a picture, named by its number."""
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
        raise ValueError(
            f'input {index} must be an image (H, W, 3), uint8, BGR, but is '
            f'{array.shape} {array.dtype}'
        )
    return Picture(array, f'{index:08d}', f'input {index}')


def _find_files(
    item: str, out_dir: str | Path | None
) -> tuple[str, list[str]]:
    """Return the folder of an input, and its files.

    Raises:
        FileNotFoundError: If a folder or a pattern has none.
    """
    if os.path.isdir(item):
        files = [os.path.join(item, name) for name in list_images(item)]
        return item, _outside(files, out_dir, item)
    if os.path.exists(item) or not glob.has_magic(item):
        return os.path.dirname(os.path.abspath(item)), [item]
    found = sorted(filter(is_file, glob.glob(item, recursive=True)))
    files = [path for path in found if is_video(path) or is_image(path)]
    others = [path for path in found if path not in files]
    top = item
    while glob.has_magic(top):
        top = os.path.dirname(top)
    if others:
        say_once(f'{item}: passed over {count_others(others)}')
    return top, _outside(files, out_dir, item)


def _outside(
    files: list[str], out_dir: str | Path | None, item: str
) -> list[str]:
    """Files that are not below the folder of the outputs.

    Raises:
        FileNotFoundError: If there is none.
    """
    if out_dir:
        out = Path(os.path.realpath(out_dir))  # loops of links raise nothing
        files = [
            f for f in files if out not in Path(os.path.realpath(f)).parents
        ]
    if not files:
        raise FileNotFoundError(
            f'{item!r} has no picture'
            + (f' outside of {out_dir}' if out_dir else '')
        )
    return files


def is_video(path: str) -> bool:
    """Return True if a file is a video, as its suffix says."""
    return path.lower().endswith(VIDEO_EXTENSIONS)


def _names(files: list[str], tops: list[str]) -> list[str]:
    """Name the outputs of different files, so that none replaces another.

    Names are the paths below the common folder without suffix, with it where
    that is not enough, and numbered where even that is not: ``A.jpg`` and
    ``a.jpg`` are one name on some file systems. The frames of a video are in
    a folder of its name.
    """
    top = os.path.commonpath(tops)
    paths = [Path(file).relative_to(top) for file in files]
    names = [path.with_suffix('').as_posix() for path in paths]
    videos = [is_video(file) for file in files]
    changes = [0] * len(names)
    while clashing := _clashing(names, videos, changes):
        for i in clashing:
            changes[i] += 1
            number = f'_{changes[i]}' if changes[i] > 1 else ''
            names[i] = f'{paths[i].as_posix()}{number}'
    return names


def _clashing(
    names: list[str], videos: list[bool], changes: list[int]
) -> list[int]:
    """Return the names to change next.

    Of equal names these are those that were not changed yet, or else all but
    the first; and a video that has the name of a folder.
    """
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        groups.setdefault(folded(name), []).append(i)
    folders = {str(folder) for key in groups for folder in Path(key).parents}
    clashing = []
    for key, members in groups.items():
        if key in folders:
            clashing += [i for i in members if videos[i]]
        elif len(members) > 1:
            fresh = [i for i in members if not changes[i]]
            clashing += fresh or members[1:]
    return clashing
