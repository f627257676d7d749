"""How unsure a model is of a picture: what to look at first."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from mmseg.models.utils import resize
from PIL import Image
from torch import Tensor

from cosa_mmseg.interop.trained import NETWORKS
from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.plain_cell import plain_cell
from cosa_mmseg.visualization.overlay import draw_overlay
from cosa_mmseg.visualization.panels import heat_map_panel
from cosa_mmseg.visualization.strips import caption_strip, panel_strip, stack

from .inferencer import CoSAInferencer
from .loading import FailedPicture
from .pictures import Picture
from .prediction import PicturePrediction
from .raw_prediction import RawPrediction
from .writer import refuse_inputs_in, shown_ids

SIDE = 256  # longer side of the maps, pixels
CELL = 224  # width of the pictures of the contact sheet, pixels
TALL = 3 * CELL  # height that none of them exceeds
MAPS, TABLE, SHEET = 'uncertainty', 'review.csv', 'first.png'

COLUMNS = (
    *('rank', 'picture', 'uncertainty', 'networks', 'cam_seg', 'cams'),
    'classes',
)


@dataclass(frozen=True)
class Disagreement:
    """Where assignments that should agree do not.

    Each is the total variation distance of two distributions over the classes
    at a pixel, half the sum of the absolute differences: 0 where they agree,
    1 where each is sure of another class.

    Attributes:
        networks (Tensor): Of the segmentations of both networks, (h, w).
        cam_seg (Tensor): Of CAM and segmentation of the assignment network,
            from which the two kinds of pseudo labels are made.
        cams (Tensor): Of its main and its auxiliary CAM.
    """

    networks: Tensor
    cam_seg: Tensor
    cams: Tensor

    @property
    def map(self) -> Tensor:
        """Tensor: The mean of the three, (h, w), in [0, 1]."""
        return (self.networks + self.cam_seg + self.cams) / 3

    def summary(self) -> dict[str, float]:
        """Return the mean over the picture of the map and of each part."""
        maps = dict(uncertainty=self.map, **vars(self))
        return {name: float(values.mean()) for name, values in maps.items()}


@dataclass(order=True)
class Reviewed:
    """A picture in the order of a review.

    Attributes:
        uncertainty (float): The mean of :attr:`Disagreement.map`.
        row (dict): Columns of the table but the rank.
        panels (Image.Image): Picture, prediction and map, side by side.
    """

    uncertainty: float
    row: dict = field(compare=False)
    panels: Image.Image | None = field(compare=False)


def review(
    inferencer: CoSAInferencer,
    pictures: Sequence[Picture],
    out_dir: str | Path,
    labels: Sequence[str] | None = None,
    batch_size: int = 1,
    num_shown: int = 24,
) -> tuple[list[Reviewed], list[FailedPicture]]:
    """Rank pictures by how unsure a model is of them, the least sure first.

    Writes ``uncertainty/<picture>.png``, the map of each picture at its size,
    255 = 1; ``review.csv``, all pictures in their order; and
    ``first.png``, a contact sheet of the first.

    Args:
        inferencer (CoSAInferencer): With a model of CoSA.
        pictures (Sequence[Picture]): The pictures.
        out_dir (str | Path): The folder to write to.
        labels (Sequence[str], optional): Classes that the pictures are known
            to show; others have a probability of 0.
        batch_size (int): Pictures in a batch.
        num_shown (int): Pictures on the contact sheet.

    Returns:
        tuple: The pictures in their order, and those that cannot be read.

    Raises:
        ValueError: If the model has no CAMs or no second network, a picture
            may be written over, or ``batch_size`` is below 1.
    """
    failed: list[FailedPicture] = []
    order: list[Reviewed] = []
    files = (Path(out_dir, name) for name in (MAPS, TABLE, SHEET))
    refuse_inputs_in([*files], pictures)
    for found in inferencer.predict_by(NETWORKS, pictures, labels, batch_size):
        if isinstance(found, FailedPicture):
            failed.append(found)
            continue
        assignment, online = found
        order.append(
            _review(assignment, online, inferencer.palette, Path(out_dir))
        )
        order.sort(reverse=True)
        for one in order[num_shown:]:
            one.panels = None
    if not order:  # an earlier review stays whole
        return order, failed
    _write_table(Path(out_dir, TABLE), order)
    sheet = [
        strip
        for rank, one in enumerate(order[:num_shown], 1)
        for strip in _strips(rank, one)
    ]
    with atomic_file(Path(out_dir, SHEET)) as unfinished:
        Image.fromarray(stack(sheet)).save(unfinished)
    return order, failed


def _review(
    assignment: PicturePrediction,
    online: PicturePrediction,
    palette: Sequence[Sequence[int]],
    out_dir: Path,
) -> Reviewed:
    """Write the map of a picture, and draw it."""
    found = disagreement(assignment, online)
    heat = found.map.cpu().numpy()
    height, width = assignment.label_map.shape
    grey = Image.fromarray((255 * heat + 0.5).astype(np.uint8))
    path = out_dir / MAPS / f'{assignment.name}.png'
    with atomic_file(path) as unfinished:
        grey.resize((width, height), Image.Resampling.BILINEAR).save(
            unfinished
        )
    scale = min(CELL / width, TALL / height)
    size = tuple(max(round(side * scale), 1) for side in (width, height))
    small, label_map = (
        np.asarray(Image.fromarray(values).resize(size, how))
        for values, how in (
            (assignment.image, Image.Resampling.BOX),
            (assignment.label_map, Image.Resampling.NEAREST),
        )
    )
    overlay = draw_overlay(small, label_map, palette)
    panels = dict(
        picture=Image.fromarray(small),
        prediction=Image.fromarray(overlay),
        uncertainty=heat_map_panel(heat, small, size),
    )
    summary = found.summary()
    names = (assignment.classes[id_] for id_ in shown_ids(assignment))
    row = dict(picture=assignment.picture.title, **summary)
    row['classes'] = ';'.join(names)
    strip = panel_strip(panels, CELL)
    return Reviewed(summary['uncertainty'], row, strip)


def _write_table(path: Path, order: Sequence[Reviewed]) -> None:
    """Write the pictures in their order, a spreadsheet's CSV."""
    with (
        atomic_file(path) as unfinished,
        open(unfinished, 'w', newline='', encoding='utf-8') as file,
    ):
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for rank, one in enumerate(order, 1):
            values = (
                f'{value:.4f}' if isinstance(value, float) else value
                for value in one.row.values()
            )
            table.writerow([rank, *map(plain_cell, values)])


def _strips(rank: int, one: Reviewed) -> list[Image.Image]:
    """Return the caption and the pictures of a place in the order."""
    assert one.panels is not None
    left = f'{rank}.   {one.uncertainty:.3f}   {one.row["picture"]}'
    caption = caption_strip(left, one.row['classes'], one.panels.width)
    return [caption, one.panels]


def disagreement(
    assignment: PicturePrediction, online: PicturePrediction
) -> Disagreement:
    """Compare what both networks say of a picture.

    Args:
        assignment (PicturePrediction): Of the assignment network, with CAMs.
        online (PicturePrediction): Of the online network.

    Returns:
        Disagreement: Maps whose longer side has `SIDE` pixels.

    Raises:
        ValueError: If the model has no CAMs.
    """
    raw = replace(assignment.raw, refined=None)
    if not raw.has_cam:
        raise ValueError(
            'the model has no CAMs: it takes one of a training with CoSA'
        )
    scale = SIDE / max(raw.size)
    size = tuple(max(round(side * scale), 1) for side in raw.size)
    ids = torch.tensor(shown_ids(assignment))
    kept = torch.tensor(assignment.ids)
    segmentation = _segmentation(raw, kept, size)
    cam, cam_aux = (_cams(raw, name, ids, size) for name in ('cam', 'cam_aux'))
    return Disagreement(
        _distance(
            segmentation,
            _segmentation(replace(online.raw, refined=None), kept, size),
        ),
        _distance(segmentation, cam),
        _distance(cam, cam_aux),
    )


def _segmentation(
    raw: RawPrediction, kept: Tensor, size: tuple[int, ...]
) -> Tensor:
    """Return the probabilities of the classes, (K, h, w), 0 of others."""
    logits = torch.cat(
        [
            _reduced(raw.resized('seg_logits', index), size)
            for index in kept.split(1)
        ]
    )
    prob = logits.new_zeros(raw.num_classes, *logits.shape[1:])
    prob[kept] = logits.softmax(dim=0)
    return prob


def _cams(
    raw: RawPrediction, name: str, ids: Tensor, size: tuple[int, ...]
) -> Tensor:
    """Return CAMs of the classes that are shown as probabilities, (K, h, w).

    The background has what the highest CAM leaves of 1.
    """
    cams = torch.cat(
        [_reduced(raw.cam(int(id_) - 1, name)[None], size) for id_ in ids]
    )
    prob = cams.new_zeros(raw.num_classes, *cams.shape[1:])
    prob[0] = 1 - cams.amax(dim=0)
    prob[ids] = cams
    return prob / prob.sum(dim=0)


def _reduced(maps: Tensor, size: tuple[int, ...]) -> Tensor:
    """Resize maps (n, H, W)."""
    return resize(maps[None], size, mode='bilinear', warning=False)[0]


def _distance(first: Tensor, second: Tensor) -> Tensor:
    """Return the total variation distance at each pixel, (h, w)."""
    return (first - second).abs().sum(dim=0) / 2
