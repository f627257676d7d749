"""The prediction of a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine.structures import LabelData, PixelData
from mmseg.structures import SegDataSample

from .pictures import Picture
from .raw_prediction import RawPrediction


@dataclass(frozen=True)
class PicturePrediction:
    """The prediction of one picture.

    Attributes:
        picture (Picture): Which one.
        image (np.ndarray): Its pixels, (H, W, 3), uint8, RGB.
        label_map (np.ndarray): Class ids at its size, uint8 (H, W); of the
            background and ``labels`` alone where they were given.
        classes (Sequence[str]): K names, the background first.
        raw (RawPrediction): Logits, CAMs and class scores, not filtered.
        labels (tuple[str, ...], optional): What the picture is known to show.
        tile_size (int, optional): Side of the tiles, if there were any.
    """

    picture: Picture
    image: np.ndarray
    label_map: np.ndarray
    classes: Sequence[str]
    raw: RawPrediction
    labels: tuple[str, ...] | None = None
    tile_size: int | None = None

    @property
    def ids(self) -> list[int]:
        """list[int]: Ids of the classes that were to choose from."""
        return kept_ids(self.classes, self.labels)

    @property
    def suffix(self) -> str:
        """str: What the names of its files say of its labels."""
        return '' if self.labels is None else '_label_filtered'

    @property
    def name(self) -> str:
        """str: Of its files, without what they hold."""
        return self.picture.name + self.suffix

    @property
    def scores(self) -> dict[str, float] | None:
        """dict[str, float], optional: Probability of each foreground class.

        They are never filtered by labels.
        """
        if self.raw.scores is None:
            return None
        values = self.raw.scores.tolist()
        return dict(zip(self.classes[1:], values, strict=True))

    def areas(self) -> dict[str, dict[str, Any]]:
        """Return the size of each class that was to choose from.

        Returns:
            dict[str, dict]: From names to ``pixels``, ``share`` of the
            picture, in [0, 1], and ``score``, the probability that the
            picture shows the class (None: of the background, and where the
            model has no scores).
        """
        counts = np.bincount(
            self.label_map.ravel(), minlength=len(self.classes)
        )
        scores = self.scores or {}
        return {
            self.classes[id_]: dict(
                pixels=int(counts[id_]),
                share=float(counts[id_] / self.label_map.size),
                score=scores.get(self.classes[id_]),
            )
            for id_ in self.ids
        }

    def record(self) -> dict:
        """Return all of it but maps, as plain data."""
        height, width = self.label_map.shape
        return dict(
            picture=self.picture.title,
            width=width,
            height=height,
            label_filtered=None if self.labels is None else [*self.labels],
            tile_size=self.tile_size,
            classes=self.areas(),
        )

    def cams(self) -> np.ndarray | None:
        """Return all CAMs, float32 (C, H, W), in [0, 1]; None without any."""
        raw = self.raw
        if not raw.has_cam:
            return None
        return np.stack([cam.float().cpu().numpy() for cam in raw.cams()])

    def to_dict(self, with_cam: bool) -> dict[str, Any]:
        """Return label map, areas, name and, if asked for, CAMs."""
        plain = dict(
            predictions=self.label_map,
            areas=self.record(),
            pictures=self.picture.title,
        )
        return {**plain, 'cams': self.cams()} if with_cam else plain

    def to_data_sample(self) -> SegDataSample:
        """Return the fields that a test of the model gives, label-free.

        With ``labels`` there is besides ``pred_sem_seg_label_filtered``.
        """
        raw = self.raw
        logits = raw.seg_logits()
        sample = SegDataSample(
            metainfo=dict(
                img_path=self.picture.title, ori_shape=self.label_map.shape
            )
        )
        fields = dict(
            seg_logits=logits, pred_sem_seg=logits.argmax(0, keepdim=True)
        )
        if raw.has_cam:
            fields['pred_cam'] = torch.stack([*raw.cams()])
            fields['pred_cam_aux'] = torch.stack([*raw.cams('cam_aux')])
        if self.labels is not None:
            filtered = torch.from_numpy(self.label_map)[None].to(logits.device)
            fields['pred_sem_seg_label_filtered'] = filtered.long()
        sample.set_data({n: PixelData(data=f) for n, f in fields.items()})
        if self.raw.scores is not None:
            sample.pred_label = LabelData(score=self.raw.scores)
        return sample


def kept_ids(
    classes: Sequence[str], labels: Sequence[str] | None
) -> list[int]:
    """Return ids of the background and of classes known to be there.

    Args:
        classes (Sequence[str]): K names, the background first.
        labels (Sequence[str], optional): Names; None: all.

    Returns:
        list[int]: Ascending.

    Raises:
        ValueError: If they are no names, or one is not of the foreground
            classes.
    """
    if labels is None:
        return [*range(len(classes))]
    names = not isinstance(labels, str) and [*labels]
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError(
            'labels must be a list of class names, for all pictures of the '
            f'call, or None, got {labels!r}'
        )
    known = list(classes[1:])
    for name in labels:
        if name not in known:
            raise ValueError(
                f'the model has no class {name!r}; labels may name '
                f'{", ".join(known)}'
            )
    return sorted({0, *(known.index(name) + 1 for name in labels)})


def choose_classes(raw: RawPrediction, kept: Sequence[int]) -> np.ndarray:
    """Return the label map, of some classes.

    Args:
        raw (RawPrediction): Of the model.
        kept (Sequence[int]): Ids to choose from, ascending.

    Returns:
        np.ndarray: uint8 (H, W).
    """
    return raw.label_map(torch.tensor(kept)).cpu().numpy()
