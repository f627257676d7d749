"""Outlines and textures of the shapes set.

Textures are functions of coordinates or of a random generator; colours are
chosen elsewhere. Everything in this file is our choice.
"""

import cv2
import numpy as np

CLASSES = ('boat', 'zebra', 'mushroom', 'kite', 'turtle', 'house')
GROUNDS = ('water', 'meadow', 'sand', 'clouds', 'rubble')


def _circle(start: float, stop: float, num: int = 40) -> np.ndarray:
    turn = 2 * np.pi * np.linspace(start, stop, num)
    return np.stack([np.cos(turn), np.sin(turn)], 1)


# Outlines, y pointing down, one per class; scaled to unit area below.
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


def class_texture(index: int, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The two-valued texture of a class.

    Args:
        index: Class index.
        u: (H, W) coordinate from the object's centre, in texture periods.
        v: (H, W) the coordinate at a right angle to it.

    Returns:
        np.ndarray: (H, W) bool.
    """
    if index == 0:  # boat: zigzags
        return _square(v + np.abs(u % 2 - 1))
    if index == 1:  # zebra: stripes
        return _square(u)
    if index == 2:  # mushroom: dots
        u = u + 0.5 * np.floor(v)
        return np.hypot(u % 1 - 0.5, v % 1 - 0.5) < 0.33
    if index == 3:  # kite: chequers
        return _square(u * 0.7) ^ _square(v * 0.7)
    if index == 4:  # turtle: small rings
        u, v = u * 0.75 % 1 - 0.5, v * 0.75 % 1 - 0.5
        return np.abs(np.hypot(u, v) - 0.33) < 0.12
    course = np.floor(v)  # house: bricks
    return (v % 1 < 0.28) | ((u * 0.6 + 0.5 * course) % 1 < 0.17)


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
