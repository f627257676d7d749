"""Outlines and textures of the shapes set.

Textures are functions of coordinates or of a random generator; colours are
chosen elsewhere. Everything in this file is our choice.
"""

from functools import partial

import cv2
import numpy as np


def _circle(start: float, stop: float, num: int = 40) -> np.ndarray:
    turn = 2 * np.pi * np.linspace(start, stop, num)
    return np.stack([np.cos(turn), np.sin(turn)], 1)


def _star(points: int, inner: float) -> np.ndarray:
    circle = _circle(0.25, 1.25, 2 * points + 1)[:-1]
    circle[1::2] *= inner
    return circle


def _square(t: np.ndarray) -> np.ndarray:
    """Return a square wave of period 1."""
    return t % 1 < 0.5


def _shift(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Move every other course by half a period."""
    return u + 0.5 * np.floor(v)


def _rings(u, v):
    u, v = u * 0.75 % 1 - 0.5, v * 0.75 % 1 - 0.5
    return np.abs(np.hypot(u, v) - 0.33) < 0.12


def _double_stripes(u, v):
    u = u * 0.6 % 1
    return (u < 0.2) | ((u > 0.35) & (u < 0.5))


def _plusses(u, v):
    u, v = np.abs(u * 0.75 % 1 - 0.5), np.abs(v * 0.75 % 1 - 0.5)
    return (np.minimum(u, v) < 0.12) & (np.maximum(u, v) < 0.4)


# Outline, y pointing down, and two-valued texture of each class: six of the
# set, then those to pretrain with. Outlines are scaled to unit area below.
_SHAPES = {
    'boat': (
        [(-1, 0.3), (-0.1, 0.3), (-0.1, -1), (0.8, 0.3), (1, 0.3), (0.6, 0.9),
         (-0.7, 0.9)],
        lambda u, v: _square(v + np.abs(u % 2 - 1))),
    'zebra': (
        [(-1, -0.4), (-0.8, -0.8), (-0.5, -0.4), (0.9, -0.4), (0.9, 0.8),
         (0.45, 0.8), (0.45, 0.4), (-0.15, 0.4), (-0.15, 0.8), (-0.6, 0.8),
         (-0.6, 0)],
        lambda u, v: _square(u)),
    'mushroom': (
        [*_circle(0.5, 1), (0.3, 0.1), (0.35, 0.8), (-0.35, 0.8),
         (-0.3, 0.1)],
        lambda u, v: np.hypot(_shift(u, v) % 1 - 0.5, v % 1 - 0.5) < 0.33),
    'kite': (
        [(0, -1.2), (0.8, 0), (0, 1.2), (-0.8, 0)],
        lambda u, v: _square(u * 0.7) ^ _square(v * 0.7)),
    'turtle': (_circle(0, 1), _rings),
    'house': (
        [(-0.8, 0.8), (-0.8, -0.2), (0, -1), (0.8, -0.2), (0.8, 0.8)],
        lambda u, v: (v % 1 < 0.28) | (_shift(u * 0.6, v) % 1 < 0.17)),
    'star': (
        _star(5, 0.45),
        lambda u, v: (u % 1 < 0.22) | (v % 1 < 0.22)),
    'fish': (
        [*(_circle(0.1, 0.9) * [1, 0.6]), (1.3, -0.6), (1.3, 0.6)],
        lambda u, v:
            np.abs(np.hypot(_shift(u, v) % 1 - 0.5, v % 1) - 0.5) < 0.14),
    'banner': (
        [(-1, -0.5), (1, -0.5), (0.7, 0), (1, 0.5), (-1, 0.5), (-0.7, 0)],
        lambda u, v: _square(v + 0.35 * np.sin(np.pi * u))),
    'arrow': (
        [(-1, -0.3), (0.2, -0.3), (0.2, -0.8), (1, 0), (0.2, 0.8), (0.2, 0.3),
         (-1, 0.3)],
        lambda u, v:
            np.abs(u % 1 - 0.5) + np.abs(v * 0.6 % 1 - 0.5) < 0.33),
    'wheel': (
        _star(8, 0.8),
        lambda u, v: _square(np.arctan2(v, u) * 9 / (2 * np.pi))),
    'cross': (
        [(-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3), (1, 0.3), (0.3, 0.3),
         (0.3, 1), (-0.3, 1), (-0.3, 0.3), (-1, 0.3), (-1, -0.3),
         (-0.3, -0.3)],
        lambda u, v: np.abs(u % 1 - 0.5) < 0.5 * (v % 1)),
    'heart': (
        [*(_circle(0.5, 1, 20) * 0.5 - [0.5, 0]),
         *(_circle(0.5, 1, 20) * 0.5 + [0.5, 0]), (0, 1.2)],
        _double_stripes),
    'bottle': (
        [(-0.2, -1.2), (0.2, -1.2), (0.25, -0.5), (0.55, -0.2), (0.55, 1),
         (-0.55, 1), (-0.55, -0.2), (-0.25, -0.5)],
        lambda u, v: _square(np.hypot(u, v))),
    'tree': (
        [(0, -1.2), (0.5, -0.4), (0.3, -0.4), (0.8, 0.6), (0.15, 0.6),
         (0.15, 1), (-0.15, 1), (-0.15, 0.6), (-0.8, 0.6), (-0.3, -0.4),
         (-0.5, -0.4)],
        lambda u, v: _square(u + np.where(np.floor(v / 2) % 2, v, -v))),
    'drop': (
        [*(_circle(0, 0.5) * 0.8), (-0.1, -1.3), (0.1, -1.3)],
        lambda u, v: _square(v * 1.3) & (_shift(u * 0.5, v * 1.3) % 1 < 0.6)),
    'gem': (
        [(-0.5, -0.8), (0.5, -0.8), (1, -0.2), (0, 1), (-1, -0.2)],
        _plusses),
    'lamp': (
        [(-0.4, -0.7), (0.4, -0.7), (1, 0.7), (-1, 0.7)],
        lambda u, v: _square(np.hypot(u, v) + np.arctan2(v, u) / (2 * np.pi))),
}  # fmt: skip
CLASSES, PRETRAIN_CLASSES = tuple(_SHAPES)[:6], tuple(_SHAPES)[6:]
GROUNDS = ('water', 'meadow', 'sand', 'clouds', 'rubble')


def _unit_area(points) -> np.ndarray:
    x, y = np.asarray(points, float).T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    outline = np.stack([x - x.mean(), y - y.mean()], 1)
    return outline / np.sqrt(area)


OUTLINES, _TEXTURES = zip(
    *((_unit_area(points), texture) for points, texture in _SHAPES.values()),
    strict=True,
)


def class_texture(index: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return the two-valued texture of a class.

    Args:
        index: Index into `OUTLINES`.
        u: (H, W) coordinate from the object's centre, in texture periods.
        v: (H, W) the coordinate at a right angle to it.

    Returns:
        np.ndarray: (H, W) bool.
    """
    return _TEXTURES[index](u, v)


def smooth_noise(rng, side: int, rows: int, cols: int) -> np.ndarray:
    """Return smooth noise, (side, side), about standard normal."""
    cells = rng.standard_normal((rows, cols), dtype=np.float32)
    return cv2.resize(cells, (side, side), interpolation=cv2.INTER_CUBIC)


def ground_texture(index: int, rng, side: int) -> np.ndarray:
    """Return the texture of a background, (side, side), float32 in [0, 1]."""
    noise = partial(smooth_noise, rng, side)
    smooth = noise(4, 4)
    if index == 0:  # water: flat, long ripples
        ripples = noise(30, 6) + noise(20, 4)
        return np.clip(0.5 + 0.4 * ripples + 0.1 * smooth, 0, 1)
    if index == 1:  # meadow: upright blades
        blades = noise(10, 40) + noise(16, 60)
        return np.clip(0.5 + 0.3 * blades + 0.15 * smooth, 0, 1)
    if index == 2:  # sand: fine grain
        grain = noise(side // 2, side // 2)
        return np.clip(0.5 + 0.2 * grain + 0.2 * smooth, 0, 1)
    if index == 3:  # clouds: several octaves
        return np.clip(0.5 + 0.25 * (smooth + 0.5 * noise(9, 9)), 0, 1)
    stones = np.zeros((side, side), np.float32)  # rubble: heaped stones
    for _ in range(150):
        centre = [int(c) for c in rng.integers(0, side, 2)]
        axes = [int(a) for a in rng.integers(side // 40, side // 14, 2)]
        cv2.ellipse(
            stones, (centre, axes, rng.uniform(0, 180)), rng.random(), -1
        )
    return stones


def distractor_texture(rng, side: int) -> np.ndarray:
    """Return a flat, a blend, grain or blotches: no structure of a class."""
    kind = rng.integers(4)
    if kind == 0:
        return np.zeros((side, side), np.float32)
    if kind == 1:
        return np.clip(0.5 + 0.5 * smooth_noise(rng, side, 3, 3), 0, 1)
    if kind == 2:
        return rng.random((side, side), np.float32)
    return (smooth_noise(rng, side, 9, 9) > 0).astype(np.float32)
