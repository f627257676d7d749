"""Outlines and textures of the shapes set.

Textures are functions of coordinates or of a random generator; colours are
chosen elsewhere. Everything in this file is our choice.
"""

import cv2
import numpy as np

CLASSES = ('boat', 'zebra', 'mushroom', 'kite', 'turtle', 'house')
# Other outlines and other textures, for pretraining.
PRETRAIN_CLASSES = (
    'star',
    'fish',
    'banner',
    'arrow',
    'wheel',
    'cross',
    'heart',
    'bottle',
    'tree',
    'drop',
    'gem',
    'lamp',
)
GROUNDS = ('water', 'meadow', 'sand', 'clouds', 'rubble')


def _circle(start: float, stop: float, num: int = 40) -> np.ndarray:
    turn = 2 * np.pi * np.linspace(start, stop, num)
    return np.stack([np.cos(turn), np.sin(turn)], 1)


def _star(points: int, inner: float) -> np.ndarray:
    circle = _circle(0.25, 1.25, 2 * points + 1)[:-1]
    circle[1::2] *= inner
    return circle


# Outlines, y pointing down, one per class of `CLASSES`, then of
# `PRETRAIN_CLASSES`; scaled to unit area below.
_OUTLINES = (
    [(-1, 0.3), (-0.1, 0.3), (-0.1, -1), (0.8, 0.3), (1, 0.3), (0.6, 0.9),
     (-0.7, 0.9)],
    [(-1, -0.4), (-0.8, -0.8), (-0.5, -0.4), (0.9, -0.4), (0.9, 0.8),
     (0.45, 0.8), (0.45, 0.4), (-0.15, 0.4), (-0.15, 0.8), (-0.6, 0.8),
     (-0.6, 0)],
    [*_circle(0.5, 1), (0.3, 0.1), (0.35, 0.8), (-0.35, 0.8), (-0.3, 0.1)],
    [(0, -1.2), (0.8, 0), (0, 1.2), (-0.8, 0)],
    _circle(0, 1),
    [(-0.8, 0.8), (-0.8, -0.2), (0, -1), (0.8, -0.2), (0.8, 0.8)],
    _star(5, 0.45),
    [*(_circle(0.1, 0.9) * [1, 0.6]), (1.3, -0.6), (1.3, 0.6)],
    [(-1, -0.5), (1, -0.5), (0.7, 0), (1, 0.5), (-1, 0.5), (-0.7, 0)],
    [(-1, -0.3), (0.2, -0.3), (0.2, -0.8), (1, 0), (0.2, 0.8), (0.2, 0.3),
     (-1, 0.3)],
    _star(8, 0.8),
    [(-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3), (1, 0.3), (0.3, 0.3),
     (0.3, 1), (-0.3, 1), (-0.3, 0.3), (-1, 0.3), (-1, -0.3), (-0.3, -0.3)],
    [*(_circle(0.5, 1, 20) * 0.5 - [0.5, 0]),
     *(_circle(0.5, 1, 20) * 0.5 + [0.5, 0]), (0, 1.2)],
    [(-0.2, -1.2), (0.2, -1.2), (0.25, -0.5), (0.55, -0.2), (0.55, 1),
     (-0.55, 1), (-0.55, -0.2), (-0.25, -0.5)],
    [(0, -1.2), (0.5, -0.4), (0.3, -0.4), (0.8, 0.6), (0.15, 0.6), (0.15, 1),
     (-0.15, 1), (-0.15, 0.6), (-0.8, 0.6), (-0.3, -0.4), (-0.5, -0.4)],
    [*(_circle(0, 0.5) * 0.8), (-0.1, -1.3), (0.1, -1.3)],
    [(-0.5, -0.8), (0.5, -0.8), (1, -0.2), (0, 1), (-1, -0.2)],
    [(-0.4, -0.7), (0.4, -0.7), (1, 0.7), (-1, 0.7)],
)  # fmt: skip


def _unit_area(points) -> np.ndarray:
    x, y = np.asarray(points, float).T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    outline = np.stack([x - x.mean(), y - y.mean()], 1)
    return outline / np.sqrt(area)


OUTLINES = tuple(_unit_area(points) for points in _OUTLINES)


def _square(t: np.ndarray) -> np.ndarray:
    """A square wave of period 1."""
    return t % 1 < 0.5


def _zigzags(u, v):
    return _square(v + np.abs(u % 2 - 1))


def _stripes(u, v):
    return _square(u)


def _dots(u, v):
    u = u + 0.5 * np.floor(v)
    return np.hypot(u % 1 - 0.5, v % 1 - 0.5) < 0.33


def _chequers(u, v):
    return _square(u * 0.7) ^ _square(v * 0.7)


def _rings(u, v):
    u, v = u * 0.75 % 1 - 0.5, v * 0.75 % 1 - 0.5
    return np.abs(np.hypot(u, v) - 0.33) < 0.12


def _bricks(u, v):
    course = np.floor(v)
    return (v % 1 < 0.28) | ((u * 0.6 + 0.5 * course) % 1 < 0.17)


def _mesh(u, v):
    return (u % 1 < 0.22) | (v % 1 < 0.22)


def _scales(u, v):
    u = u + 0.5 * np.floor(v)
    return np.abs(np.hypot(u % 1 - 0.5, v % 1) - 0.5) < 0.14


def _waves(u, v):
    return _square(v + 0.35 * np.sin(np.pi * u))


def _lozenges(u, v):
    return np.abs(u % 1 - 0.5) + np.abs(v * 0.6 % 1 - 0.5) < 0.33


def _spokes(u, v):
    return _square(np.arctan2(v, u) * 9 / (2 * np.pi))


def _triangles(u, v):
    return np.abs(u % 1 - 0.5) < 0.5 * (v % 1)


def _double_stripes(u, v):
    u = u * 0.6 % 1
    return (u < 0.2) | ((u > 0.35) & (u < 0.5))


def _target(u, v):
    return _square(np.hypot(u, v))


def _herringbone(u, v):
    return _square(u + np.where(np.floor(v / 2) % 2, v, -v))


def _dashes(u, v):
    return _square(v * 1.3) & ((u * 0.5 + 0.5 * np.floor(v * 1.3)) % 1 < 0.6)


def _plusses(u, v):
    u, v = np.abs(u * 0.75 % 1 - 0.5), np.abs(v * 0.75 % 1 - 0.5)
    return (np.minimum(u, v) < 0.12) & (np.maximum(u, v) < 0.4)


def _spiral(u, v):
    return _square(np.hypot(u, v) + np.arctan2(v, u) / (2 * np.pi))


# Two-valued, in the order of the outlines.
_TEXTURES = (
    _zigzags, _stripes, _dots, _chequers, _rings, _bricks,
    _mesh, _scales, _waves, _lozenges, _spokes, _triangles,
    _double_stripes, _target, _herringbone, _dashes, _plusses, _spiral,
)  # fmt: skip


def class_texture(index: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The two-valued texture of a class.

    Args:
        index: Index into `OUTLINES`.
        u: (H, W) coordinate from the object's centre, in texture periods.
        v: (H, W) the coordinate at a right angle to it.

    Returns:
        np.ndarray: (H, W) bool.
    """
    return _TEXTURES[index](u, v)


def smooth_noise(rng, side: int, rows: int, cols: int) -> np.ndarray:
    """Smooth noise, (side, side), about standard normal."""
    cells = rng.standard_normal((rows, cols), dtype=np.float32)
    return cv2.resize(cells, (side, side), interpolation=cv2.INTER_CUBIC)


def ground_texture(index: int, rng, side: int) -> np.ndarray:
    """The texture of a background, (side, side), float32 in [0, 1]."""
    smooth = smooth_noise(rng, side, 4, 4)
    if index == 0:  # water: flat, long ripples
        ripples = smooth_noise(rng, side, 30, 6) + smooth_noise(
            rng, side, 20, 4
        )
        return np.clip(0.5 + 0.4 * ripples + 0.1 * smooth, 0, 1)
    if index == 1:  # meadow: upright blades
        blades = smooth_noise(rng, side, 10, 40) + smooth_noise(
            rng, side, 16, 60
        )
        return np.clip(0.5 + 0.3 * blades + 0.15 * smooth, 0, 1)
    if index == 2:  # sand: fine grain
        grain = smooth_noise(rng, side, side // 2, side // 2)
        return np.clip(0.5 + 0.2 * grain + 0.2 * smooth, 0, 1)
    if index == 3:  # clouds: several octaves
        octaves = smooth + 0.5 * smooth_noise(rng, side, 9, 9)
        return np.clip(0.5 + 0.25 * octaves, 0, 1)
    stones = np.zeros((side, side), np.float32)  # rubble: heaped stones
    for _ in range(150):
        centre = [int(c) for c in rng.integers(0, side, 2)]
        axes = [int(a) for a in rng.integers(side // 40, side // 14, 2)]
        cv2.ellipse(
            stones, (centre, axes, rng.uniform(0, 180)), rng.random(), -1
        )
    return stones


def distractor_texture(rng, side: int) -> np.ndarray:
    """Flat, a blend, grain or blotches: no structure of a class."""
    kind = rng.integers(4)
    if kind == 0:
        return np.zeros((side, side), np.float32)
    if kind == 1:
        return np.clip(0.5 + 0.5 * smooth_noise(rng, side, 3, 3), 0, 1)
    if kind == 2:
        return rng.random((side, side), np.float32)
    return (smooth_noise(rng, side, 9, 9) > 0).astype(np.float32)
