"""Loop forms of the bilateral filter: the lattice, and the exact sum.

The lattice is written as Adams et al. describe it, with the nearest
remainder-0 point, the ranks of the offsets from it and the canonical simplex,
on a dictionary of full integer keys, in double precision.  None of this is
shared with the tensor form.
"""

import math

import numpy as np

Key = tuple[int, ...]


def _elevate(position: np.ndarray) -> list[float]:
    """Coordinates of a position on the hyperplane sum = 0.

    Rounding breaks ties, so it has to be the same: one factor for each axis,
    and sums from the last axis to the first.
    """
    dim = len(position)
    scaled = [
        value * (math.sqrt(2 / 3) * (dim + 1) / math.sqrt((i + 1) * (i + 2)))
        for i, value in enumerate(position)
    ]
    return [
        sum(reversed(scaled[i:])) - (i * scaled[i - 1] if i else 0.0)
        for i in range(dim + 1)
    ]


def _simplex(elevated: list[float]) -> list[tuple[Key, float]]:
    """Corners of the simplex around a position, with its weights."""
    size = len(elevated)
    zero = [round(value / size) * size for value in elevated]
    rank = [0] * size
    for i in range(size):
        for j in range(i + 1, size):
            lower = elevated[i] - zero[i] < elevated[j] - zero[j]
            rank[i if lower else j] += 1
    excess = sum(zero) // size
    for i in range(size):
        rank[i] += excess
        if rank[i] < 0:
            rank[i] += size
            zero[i] += size
        elif rank[i] >= size:
            rank[i] -= size
            zero[i] -= size
    weight = [0.0] * (size + 1)
    for i in range(size):
        offset = (elevated[i] - zero[i]) / size
        weight[size - 1 - rank[i]] += offset
        weight[size - rank[i]] -= offset
    weight[0] += 1 + weight[size]
    corners = []
    for k in range(size):
        key = tuple(
            zero[i] + (k if rank[i] < size - k else k - size)
            for i in range(size)
        )
        corners.append((key, weight[k]))
    return corners


def lattice_filter(
    features: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, int]:
    """Filter (P, K) at positions (P, d); also the number of points."""
    dim = features.shape[1]
    simplices = [_simplex(_elevate(position)) for position in features]
    table: dict[Key, np.ndarray] = {}
    for simplex, value in zip(simplices, values, strict=True):
        for key, weight in simplex:
            table[key] = table.get(key, 0.0) + weight * value
    for axis in range(dim + 1):
        blurred = {}
        for key, value in table.items():
            total = value.copy()
            for sign in (-1, 1):
                step = [-sign] * (dim + 1)
                step[axis] = sign * dim
                near = tuple(a + b for a, b in zip(key, step, strict=True))
                if near in table:
                    total += 0.5 * table[near]
            blurred[key] = total
        table = blurred
    out = [sum(w * table[key] for key, w in simplex) for simplex in simplices]
    return np.array(out) / (1 + 2.0**-dim), len(table)


def gaussian_sum(features: np.ndarray, values: np.ndarray) -> np.ndarray:
    """``sum_j exp(-|x_i - x_j|^2 / 2) v_j`` for (P, d) and (P, K)."""
    out = np.zeros_like(values)
    for i, here in enumerate(features):
        kernel = np.exp(-0.5 * ((features - here) ** 2).sum(1))
        out[i] = (kernel[:, None] * values).sum(0)
    return out


def bilateral_features(
    img: np.ndarray, sigma_rgb: float, sigma_xy: float
) -> np.ndarray:
    """Positions (H*W, 5) of an image (3, H, W)."""
    _, height, width = img.shape
    return np.array(
        [
            [x / sigma_xy, y / sigma_xy, *(img[:, y, x] / sigma_rgb)]
            for y in range(height)
            for x in range(width)
        ]
    )
