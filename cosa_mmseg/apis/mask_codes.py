"""Masks as numbers: run lengths and polygons."""

import cv2
import numpy as np

# Bits of lengths in Label Studio's run-length code
_SIZES = (3, 4, 8, 16)


def run_lengths(flat: np.ndarray) -> list[int]:
    """Return lengths of runs, those of False and True in turn.

    Args:
        flat (np.ndarray): bool (n,). The first length is that of False, and
            may be 0.
    """
    ends = np.flatnonzero(np.diff(flat, prepend=False, append=~flat[-1:]))
    return np.diff(ends, prepend=0).tolist()


def polygons(mask: np.ndarray) -> list[list[int]]:
    """Trace a mask along the edges of its pixels.

    Each connected part is a polygon; its holes are joined to it by a cut of
    no width, which scan-line fills cancel.

    Args:
        mask (np.ndarray): bool (H, W).

    Returns:
        list[list[int]]: x, y, x, y, ... of each part, corners of pixels.
    """
    doubled = mask.repeat(2, 0).repeat(2, 1).astype(np.uint8)
    contours, tree = cv2.findContours(
        doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE
    )
    rings = [_corners(contour[:, 0]) for contour in contours]
    parts = []
    for k, ring in enumerate(rings):
        if tree[0][k][3] < 0:  # not a hole
            holes = [rings[j] for j in range(len(rings)) if tree[0][j][3] == k]
            path = [*ring, ring[0]]
            for hole in holes:
                path += [*hole, hole[0], ring[0]]
            parts.append(np.concatenate(path).tolist())
    return parts


def _corners(points: np.ndarray) -> np.ndarray:
    """Return corners of pixels for a contour of the doubled mask, (n, 2)."""
    ring = (points + 1) // 2
    ring = ring[(ring != np.roll(ring, 1, 0)).any(1)]
    before, after = ring - np.roll(ring, 1, 0), np.roll(ring, -1, 0) - ring
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    return ring[turns] if turns.any() else ring


def label_studio_rle(mask: np.ndarray) -> list[int]:
    """Return a mask as Label Studio's run-length code, one byte a number.

    The picture has four channels of 0 or 255. The code begins with the number
    of values, the bits of a value and of the four sizes of lengths; each run
    has a 1, the size, the length less one, and the value.

    Args:
        mask (np.ndarray): bool (H, W).
    """
    bits = [f'{4 * mask.size:032b}', f'{8 - 1:05b}']
    bits += [f'{size - 1:04b}' for size in _SIZES]
    for k, length in enumerate(run_lengths(mask.ravel())):
        left, value = 4 * length, '1' * 8 if k % 2 else '0' * 8
        while left:
            run = min(left, 1 << _SIZES[-1])
            size = next(s for s in range(4) if run <= 1 << _SIZES[s])
            bits.append(f'1{size:02b}{run - 1:0{_SIZES[size]}b}{value}')
            left -= run
    text = ''.join(bits)
    text += '0' * (-len(text) % 8)
    return np.packbits(np.frombuffer(text.encode(), np.uint8) - 48).tolist()
