"""Agreement of two exports of pseudo labels."""

from pathlib import Path

import numpy as np
from PIL import Image

from cosa_mmseg.datasets.pseudo_label import KINDS


def compare_folders(first: str | Path, second: str | Path) -> dict[str, float]:
    """Return the share of pixels to which two exports give the same label.

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
    roots = Path(first), Path(second)
    kinds = [kind for kind in KINDS if all((r / kind).is_dir() for r in roots)]
    if not kinds:
        raise FileNotFoundError(
            f'{roots[0]} and {roots[1]} have no kind of pseudo labels in '
            f'common (folders {" or ".join(KINDS)}): give the folders that '
            '`cosa pseudo-labels` wrote'
        )
    return {kind: _agreement(*(r / kind for r in roots)) for kind in kinds}


def _agreement(one: Path, two: Path) -> float:
    """Return the share of equal pixels in two folders of labels."""
    names, others = (
        {
            p.relative_to(root).with_suffix('').as_posix()
            for p in root.rglob('*.png')
        }
        for root in (one, two)
    )
    if not names and not others:
        raise FileNotFoundError(
            f'neither {one} nor {two} has a label: the exports have not begun'
        )
    if odd := names ^ others:
        raise FileNotFoundError(
            f'image {min(odd)} is in one of {one} and {two} only: compare '
            'exports of the same split'
        )
    same = total = 0
    for name in names:
        first, second = (
            np.array(Image.open(root / f'{name}.png')) for root in (one, two)
        )
        if first.shape != second.shape:
            raise ValueError(
                f'the {one.name} labels of image {name} are {first.shape} '
                f'(height, width) in {one.parent} and {second.shape} in '
                f'{two.parent}: compare exports of the same images'
            )
        same += int(np.count_nonzero(first == second))
        total += first.size
    return same / total
