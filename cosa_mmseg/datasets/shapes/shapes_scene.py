"""Draws one scene of the shapes set: textured objects in clutter.

A class is told by its outline and by a texture that covers its whole body;
colours and sizes come from the same distribution for every class, for the
distractors and for the backgrounds. ``boat`` is the coexisting class: outside
the decorrelated splits it nearly always comes with ``water`` and water with
it, see `draw_scene`.
Drawing is done at `SUPERSAMPLING` times the written resolution, then the
picture is averaged down and the mask sampled. Everything here is our choice.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .shapes_textures import (
    CLASSES,
    GROUNDS,
    OUTLINES,
    PRETRAIN_CLASSES,
    class_texture,
    distractor_texture,
    ground_texture,
    smooth_noise,
)

COEXISTING = (CLASSES.index('boat'), GROUNDS.index('water'))
DRY = [i for i, name in enumerate(GROUNDS) if name != 'water']
# Indices into `OUTLINES`: the classes of the set, and those to pretrain with.
SHAPES = range(len(CLASSES))
PRETRAIN = range(len(CLASSES), len(CLASSES) + len(PRETRAIN_CLASSES))

# Difficulty. Lengths are fractions of the image's side unless said otherwise.
SUPERSAMPLING = 2
NUM_OBJECTS = (0.4, 0.4, 0.2)  # probability of 1, 2, 3 objects
NUM_DISTRACTORS = (1, 3)  # fewest, most
OBJECT_SIZE = (0.26, 0.56)  # square root of an object's area
DISTRACTOR_SIZE = (0.12, 0.4)
PERIOD = (0.06, 0.095)  # of a class's texture
TILT = 0.6  # radians; outline and texture turn by up to this much
MIN_VISIBLE = 0.6  # part of an object that is inside and not covered
MIN_CONTRAST = 0.3  # least difference in luma of two colours, in [0, 1]
SHADING = 0.25  # amplitude of the smooth light over a scene
NOISE = 0.03  # standard deviation of the pixel noise
HORIZON = (0.25, 0.55)  # where the ground begins, from the top


@dataclass(frozen=True)
class Scene:
    """One drawn scene.

    Attributes:
        img: (S, S, 3) uint8, RGB.
        mask: (S, S) uint8, 0 = background, class index + 1 elsewhere.
        context: (S, S) uint8, 1 where water shows, 0 elsewhere.
        objects: Class index and visible box ``(xmin, ymin, xmax, ymax)`` of
            each object, in pixels counted from 0, last ones included.
        ground: Index into `GROUNDS`.
    """

    img: np.ndarray
    mask: np.ndarray
    context: np.ndarray
    objects: list[tuple[int, tuple[int, ...]]]
    ground: int


def _two_colours(rng) -> np.ndarray:
    """Return two random RGB colours in [0, 1] of different luma, (2, 3)."""
    while True:
        colours = rng.uniform(0.05, 0.95, (2, 3)).astype(np.float32)
        luma = colours @ np.array([0.299, 0.587, 0.114], np.float32)
        if abs(luma[0] - luma[1]) >= MIN_CONTRAST:
            return colours


def _blend(texture: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Map [0, 1] to a straight line between two colours, (H, W, 3)."""
    t = texture[..., None].astype(np.float32)
    return colours[0] + t * (colours[1] - colours[0])


@dataclass(frozen=True)
class _Item:
    """A thing to draw: an object, or a distractor where index is None.

    The index is one of the vocabulary, counted in `OUTLINES`.
    """

    index: int | None
    outline: np.ndarray  # (P, 2), in drawn pixels
    centre: np.ndarray
    tilt: float
    period: float
    area: float

    def fill(self, side: int) -> np.ndarray:
        """Return the outline's inside, (side, side) bool."""
        inside = np.zeros((side, side), np.uint8)
        cv2.fillPoly(inside, [self.outline.round().astype(np.int32)], 1)
        return inside.astype(bool)

    def texture(self, rng, side: int) -> np.ndarray:
        """Return the texture over the whole scene, (side, side)."""
        if self.index is None:
            return distractor_texture(rng, side)
        y, x = np.mgrid[:side, :side].astype(np.float32) / self.period
        x = x - self.centre[0] / self.period
        y = y - self.centre[1] / self.period
        cos, sin = np.cos(self.tilt), np.sin(self.tilt)
        return class_texture(self.index, x * cos + y * sin, y * cos - x * sin)


def _make_item(
    rng, index: int | None, vocabulary: range, side: int, horizon: float
) -> _Item:
    shape = vocabulary[rng.integers(len(vocabulary))]
    if index is not None:
        shape = index
    low, high = DISTRACTOR_SIZE if index is None else OBJECT_SIZE
    size = side * rng.uniform(low, high)
    tilt = rng.uniform(-TILT, TILT)
    aspect = rng.uniform(0.8, 1.25)
    cos, sin = np.cos(tilt), np.sin(tilt)
    outline = OUTLINES[shape] * [aspect, 1 / aspect]
    outline = size * outline @ np.array([[cos, sin], [-sin, cos]])
    top = horizon if index == COEXISTING[0] else 0.08 * side
    centre = rng.uniform([0.08 * side, top], 0.92 * side)
    period = side * rng.uniform(*PERIOD)
    return _Item(index, outline + centre, centre, tilt, period, size**2)


def _lay_out(
    rng, classes: list[int], vocabulary: range, side: int, horizon: float
):
    """Place the items until each object is visible enough.

    Returns:
        tuple: The items, from the back to the front, and the (side, side)
        map of the item that is visible at each pixel, -1 for none.
    """
    fewest, most = NUM_DISTRACTORS
    indices = classes + [None] * int(rng.integers(fewest, most + 1))
    while True:
        items = [
            _make_item(rng, indices[i], vocabulary, side, horizon)
            for i in rng.permutation(len(indices))
        ]
        owner = np.full((side, side), -1)
        for number, item in enumerate(items):
            owner[item.fill(side)] = number
        visible = np.bincount(owner.ravel() + 1, minlength=len(items) + 1)[1:]
        if all(
            item.index is None or seen >= MIN_VISIBLE * item.area
            for seen, item in zip(visible, items, strict=True)
        ):
            return items, owner


def _draw_ground(rng, ground: int, side: int, horizon: float):
    """Draw a ground below a wavy horizon and another one above it.

    Returns:
        tuple: The picture, (side, side, 3), and where the ground is,
        (side, side) bool.
    """
    above = DRY[rng.integers(len(DRY))]
    edge = horizon + 0.03 * side * smooth_noise(rng, side, 2, 5)[:1]
    below = np.arange(side)[:, None] >= edge
    img = np.where(
        below[..., None],
        _blend(ground_texture(ground, rng, side), _two_colours(rng)),
        _blend(ground_texture(above, rng, side), _two_colours(rng)),
    )
    return np.ascontiguousarray(img, np.float32), below


def _choose_content(
    rng, vocabulary: range, tie: float
) -> tuple[list[int], int]:
    """Return classes of objects, indices into `OUTLINES`, and the ground."""
    number = 1 + rng.choice(len(NUM_OBJECTS), p=NUM_OBJECTS)
    drawn = rng.integers(0, len(vocabulary), number)
    classes = [vocabulary[int(i)] for i in drawn]
    boat, water = COEXISTING
    if boat not in vocabulary:
        return classes, int(rng.integers(len(GROUNDS)))
    tied = rng.random() < tie
    if tied and boat in classes:
        return classes, water
    if not tied:
        others = [i for i in vocabulary if i != boat]
        classes = [others[rng.integers(len(others))] for _ in classes]
        if rng.random() < 0.5:
            return classes, water
        classes[0] = boat
    return classes, DRY[rng.integers(len(DRY))]


def draw_scene(
    rng: np.random.Generator,
    size: int,
    tie: float,
    vocabulary: range = SHAPES,
) -> Scene:
    """Draw a scene.

    Args:
        rng: The only source of chance.
        size: Side of the square image in pixels.
        tie: Share of the scenes where water is there exactly where a boat is.
            Half of the others have a boat on another ground, and half have
            water and no boat.
        vocabulary: `SHAPES` or `PRETRAIN`, what objects are drawn from; the
            latter has no boat, and all its grounds are as likely.

    Returns:
        Scene: The picture with its mask, objects and ground.
    """
    side = SUPERSAMPLING * size
    classes, ground = _choose_content(rng, vocabulary, tie)
    horizon = side * rng.uniform(*HORIZON)
    items, owner = _lay_out(rng, classes, vocabulary, side, horizon)
    img, below = _draw_ground(rng, ground, side, horizon)
    for number, item in enumerate(items):
        here = owner == number
        texture = item.texture(rng, side)
        img[here] = _blend(texture[here], _two_colours(rng))
    img = img + SHADING * 0.5 * smooth_noise(rng, side, 3, 3)[..., None]
    img = cv2.resize(img, (size, size), interpolation=cv2.INTER_AREA)
    img = img + NOISE * rng.standard_normal(img.shape, np.float32)
    img = (255 * np.clip(img, 0, 1)).round().astype(np.uint8)

    sampled = (slice(None, None, SUPERSAMPLING),) * 2
    water = below & (owner == -1) & (ground == COEXISTING[1])
    context = water[sampled].astype(np.uint8)
    owner = owner[sampled]
    mask = np.zeros((size, size), np.uint8)
    objects = []
    for number, item in enumerate(items):
        if item.index is None:
            continue
        index = item.index - vocabulary[0]
        y, x = np.nonzero(owner == number)
        mask[y, x] = index + 1
        box = map(int, (x.min(), y.min(), x.max(), y.max()))
        objects.append((index, tuple(box)))
    return Scene(img, mask, context, objects, ground)
