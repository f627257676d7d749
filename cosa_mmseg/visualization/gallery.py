"""A gallery: one row of pictures an image, from CAM to prediction."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw

from .legend import legend_strip
from .panels import heat_map_panel, image_panel, label_map_panel
from .style import FAINT, INK, MARGIN, PAPER, VACANT, Colour, fit_text, font

TITLES = {
    'image': 'Image',
    'truth': 'Ground truth',
    'cam': 'CAM',
    'cpl': 'CPL',
    'spl': 'SPL',
    'prediction': 'Prediction',
}
COLUMNS = tuple(TITLES)

GAP, TITLE_HEIGHT, CAPTION_HEIGHT = 6, 26, 24


@dataclass(frozen=True)
class GalleryRow:
    """What is drawn of one image; arrays or CPU tensors of any sizes.

    Maps may be smaller or larger than the image: label maps are resized by
    nearest neighbour, CAMs bilinearly.  A picture that is None leaves its
    place empty.

    Attributes:
        image_id: Written above the row.
        image: (H, W, 3) uint8, RGB.
        labels: Image-level labels: present foreground classes, from 0.
        truth: (h, w) class ids, background 0, 255 = ignore.
        cam: (C, h, w) in [0, 1]; drawn is its maximum over `labels`.
        cpl: (h, w) pseudo label made from the CAM, as `truth`.
        spl: (h, w) pseudo label made from the segmentation, as `truth`.
        prediction: (h, w) as `truth`.
    """

    image_id: str
    image: ArrayLike
    labels: ArrayLike = ()
    truth: ArrayLike | None = None
    cam: ArrayLike | None = None
    cpl: ArrayLike | None = None
    spl: ArrayLike | None = None
    prediction: ArrayLike | None = None

    @property
    def label_ids(self) -> list[int]:
        """`labels` as segmentation ids, the background being 0."""
        return (np.asarray(self.labels, dtype=np.int64) + 1).tolist()


def draw_gallery(
    rows: Sequence[GalleryRow],
    classes: Sequence[str],
    palette: Sequence[Colour],
    columns: Sequence[str] | None = None,
    width: int = 224,
) -> np.ndarray:
    """Draws images, their maps, column titles and a legend of the classes.

    Args:
        rows: The images, top to bottom.
        classes: K names, the background first.
        palette: K colours, RGB in 0 to 255.
        columns: Names out of `COLUMNS`, left to right; by default those of
            which some row has a picture.
        width: Width of each picture, pixels; its height follows from the
            image's.

    Returns:
        (height, width, 3) uint8, RGB.

    Raises:
        ValueError: If there is no row, a column is unknown, or classes and
            palette differ in number.
    """
    if columns is None:
        columns = _filled_columns(rows)
    _check(rows, classes, palette, columns)
    total = 2 * MARGIN + len(columns) * (width + GAP) - GAP
    strips = [
        _title_strip(columns, width, total),
        *(
            _row_strip(row, classes, palette, columns, width, total)
            for row in rows
        ),
        legend_strip(_shown_ids(rows, columns), classes, palette, total),
    ]
    return np.concatenate([np.asarray(strip) for strip in strips])


def save_gallery(
    path: str | Path,
    rows: Sequence[GalleryRow],
    classes: Sequence[str],
    palette: Sequence[Colour],
    columns: Sequence[str] | None = None,
    width: int = 224,
) -> None:
    """Writes what `draw_gallery` returns as an image file, e.g. a PNG."""
    picture = draw_gallery(rows, classes, palette, columns, width)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)


def _filled_columns(rows: Sequence[GalleryRow]) -> list[str]:
    """Names of the columns of which some row has a picture."""
    return [
        name
        for name in COLUMNS
        if any(getattr(row, name) is not None for row in rows)
    ]


def _check(
    rows: Sequence[GalleryRow],
    classes: Sequence[str],
    palette: Sequence[Colour],
    columns: Sequence[str],
) -> None:
    """Refuses what cannot be drawn, see `draw_gallery`."""
    if not rows:
        raise ValueError('a gallery needs at least one row')
    unknown = set(columns) - set(COLUMNS)
    if unknown or not columns:
        raise ValueError(
            f'columns must be some of {", ".join(COLUMNS)}, but are '
            f'{list(columns)}'
        )
    if len(classes) != len(palette):
        raise ValueError(
            f'{len(classes)} classes, but {len(palette)} palette colours'
        )


def _title_strip(
    columns: Sequence[str], width: int, total: int
) -> Image.Image:
    """The line of column titles, each centred over its column."""
    strip = Image.new('RGB', (total, MARGIN + TITLE_HEIGHT), PAPER)
    draw = ImageDraw.Draw(strip)
    middle = MARGIN + TITLE_HEIGHT // 2
    for index, name in enumerate(columns):
        left = MARGIN + index * (width + GAP)
        draw.text(
            (left + width // 2, middle),
            TITLES[name],
            INK,
            font(15, bold=True),
            anchor='mm',
        )
    return strip


def _row_strip(
    row: GalleryRow,
    classes: Sequence[str],
    palette: Sequence[Colour],
    columns: Sequence[str],
    width: int,
    total: int,
) -> Image.Image:
    """Caption and pictures of one image."""
    image = np.asarray(row.image)
    height = max(1, round(width * image.shape[0] / image.shape[1]))
    strip = Image.new('RGB', (total, CAPTION_HEIGHT + height + GAP), PAPER)
    draw = ImageDraw.Draw(strip)
    _draw_caption(draw, row, classes, total)
    for index, name in enumerate(columns):
        panel = _panel(row, name, palette, (width, height))
        strip.paste(panel, (MARGIN + index * (width + GAP), CAPTION_HEIGHT))
    return strip


def _draw_caption(
    draw: ImageDraw.ImageDraw,
    row: GalleryRow,
    classes: Sequence[str],
    total: int,
) -> None:
    """Image id at the left, names of its labels at the right."""
    middle = CAPTION_HEIGHT // 2
    space = total - 2 * MARGIN
    image_id = fit_text(row.image_id, font(13), space)
    draw.text((MARGIN, middle), image_id, INK, font(13), anchor='lm')
    space -= int(font(13).getlength(image_id)) + MARGIN
    names = ', '.join(classes[id_] for id_ in row.label_ids)
    names = fit_text(names, font(13), space)
    draw.text((total - MARGIN, middle), names, FAINT, font(13), anchor='rm')


def _panel(
    row: GalleryRow,
    name: str,
    palette: Sequence[Colour],
    size: tuple[int, int],
) -> Image.Image:
    """One picture of a row, `size` = (width, height)."""
    if getattr(row, name) is None:
        return Image.new('RGB', size, VACANT)
    if name == 'image':
        return image_panel(row.image, size)
    if name == 'cam':
        cam = np.asarray(row.cam)[[id_ - 1 for id_ in row.label_ids]]
        heat = cam.max(0, initial=0)  # all 0 where there is no label
        return heat_map_panel(heat, row.image, size)
    return label_map_panel(getattr(row, name), row.image, palette, size)


def _shown_ids(
    rows: Sequence[GalleryRow], columns: Sequence[str]
) -> list[int]:
    """Class ids that some label map or image label of the gallery shows."""
    ids = {id_ for row in rows for id_ in row.label_ids}
    for row in rows:
        for name in columns:
            label_map = getattr(row, name)
            if name not in ('image', 'cam') and label_map is not None:
                ids.update(np.unique(np.asarray(label_map)).tolist())
    return sorted(ids)
