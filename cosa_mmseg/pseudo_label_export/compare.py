"""How far two exports of pseudo labels agree."""

from pathlib import Path

import numpy as np

from .folder import KINDS, PseudoLabelFolder


def compare_folders(first: str | Path, second: str | Path) -> dict[str, float]:
    """Share of the pixels to which two exports give the same label.

    Args:
        first (str | Path): Folder of an export.
        second (str | Path): Folder of another, of the same images.

    Returns:
        dict[str, float]: In [0, 1], over all pixels of all images, of each
        kind (``cam``, ``seg``) that both have.

    Raises:
        FileNotFoundError: If they have no kind in common, or an image is in
            one of them only.
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
            'tools/export_pseudo_labels.py wrote'
        )
    return {kind: _agreement(kind, one, two) for kind in kinds}


def _agreement(
    kind: str, one: PseudoLabelFolder, two: PseudoLabelFolder
) -> float:
    """Share of equal pixels of one kind of labels."""
    names = [_names(folder, kind) for folder in (one, two)]
    if names[0] != names[1]:
        odd = min(names[0] ^ names[1])
        raise FileNotFoundError(
            f'image {odd} is in one of {one.root / kind} and '
            f'{two.root / kind} only: compare exports of the same split'
        )
    same = total = 0
    for name in names[0]:
        labels = [folder.read_label(kind, name) for folder in (one, two)]
        same += int(np.count_nonzero(labels[0] == labels[1]))
        total += labels[0].size
    return same / total


def _names(folder: PseudoLabelFolder, kind: str) -> set[str]:
    """Ids of the images that have labels."""
    root = folder.root / kind
    return {
        path.relative_to(root).with_suffix('').as_posix()
        for path in root.rglob('*.png')
    }
