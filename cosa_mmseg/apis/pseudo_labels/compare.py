"""How far two exports of pseudo labels agree."""

from pathlib import Path

import numpy as np

from .folder import (
    KINDS,
    PseudoLabelFolder,
)


def compare_folders(first: str | Path, second: str | Path) -> dict[str, float]:
    """Share of the pixels to which two exports give the same label.

    Args:
        first (str | Path): Folder of an export.
        second (str | Path): Folder of another, of the same images.

    Returns:
        dict[str, float]: In [0, 1], over all pixels of all images, of each
        kind (``cam``, ``seg``) that both have.

    Raises:
        FileNotFoundError: If they have no kind in common, an image is in
            one of them only, or there is none.
        ValueError: If labels of an image differ in size.
    """
    one, two = (
        PseudoLabelFolder(Path(root), KINDS, False, ())
        for root in (first, second)
    )
    kinds = [
        kind
        for kind in KINDS
        if (one.root / kind).is_dir() and (two.root / kind).is_dir()
    ]
    if not kinds:
        raise FileNotFoundError(
            f'{one.root} and {two.root} have no kind of pseudo labels in '
            f'common (folders {" or ".join(KINDS)}): give the folders that '
            '`cosa pseudo-labels` wrote'
        )
    return {kind: _agreement(kind, one, two) for kind in kinds}


def _agreement(
    kind: str, one: PseudoLabelFolder, two: PseudoLabelFolder
) -> float:
    """Share of equal pixels of one kind of labels."""
    names = [_names(folder, kind) for folder in (one, two)]
    if not any(names):
        raise FileNotFoundError(
            f'neither {one.root / kind} nor {two.root / kind} has a label: '
            'the exports have not begun'
        )
    if names[0] != names[1]:
        odd = min(names[0] ^ names[1])
        raise FileNotFoundError(
            f'image {odd} is in one of {one.root / kind} and '
            f'{two.root / kind} only: compare exports of the same split'
        )
    same = total = 0
    for name in names[0]:
        first, second = (f.read_label(kind, name) for f in (one, two))
        if first.shape != second.shape:
            raise ValueError(
                f'the {kind} labels of image {name} are {first.shape} (height,'
                f' width) in {one.root} and {second.shape} in {two.root}: '
                'compare exports of the same images'
            )
        same += int(np.count_nonzero(first == second))
        total += first.size
    return same / total


def _names(folder: PseudoLabelFolder, kind: str) -> set[str]:
    """Ids of the images that have labels."""
    root = folder.root / kind
    return {
        path.relative_to(root).with_suffix('').as_posix()
        for path in root.rglob('*.png')
    }
