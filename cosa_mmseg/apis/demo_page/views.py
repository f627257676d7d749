"""Predictions of the two networks for a picture, and their drawing."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from cosa_mmseg.apis import CoSAInferencer, FailedPicture, PicturePrediction
from cosa_mmseg.apis.pictures import Picture
from cosa_mmseg.apis.prediction import choose_classes, kept_ids
from cosa_mmseg.datasets.bad_files import BadFileError
from cosa_mmseg.evaluation.functional import best_class
from cosa_mmseg.interop.trained import NETWORKS
from cosa_mmseg.visualization.overlay import draw_overlay
from cosa_mmseg.visualization.panels import heat_map_panel

MOST_PIXELS = 25_000_000  # of a picture
SIDE = 640  # at most of what is drawn, pixels
LEAST_SCORE = 0.5  # of the classes that a CAM mask has, as in CAMIoUMetric


@dataclass(frozen=True)
class NetworkView:
    """The prediction of one network for a picture, and its drawing.

    Pictures are drawn with sides of at most 640 pixels. The areas of a
    segmentation are those at the picture's size.

    Attributes:
        prediction (PicturePrediction): At the picture's size.
        image (np.ndarray): The picture as it is drawn, uint8 (h, w, 3), RGB.
        cams (np.ndarray): Of the C foreground classes, in [0, 1], float16
            (C, h, w); not filtered by tags.
    """

    prediction: PicturePrediction
    image: np.ndarray
    cams: np.ndarray

    @classmethod
    def of(cls, prediction: PicturePrediction) -> 'NetworkView':
        """Return the view of a prediction of a model that has CAMs."""
        image = Image.fromarray(prediction.image)
        image.thumbnail((SIDE, SIDE))
        raw = prediction.raw
        cams = np.empty((raw.num_classes - 1, *image.size[::-1]), np.float16)
        for cam, small in zip(raw.cams(), cams, strict=True):
            large = Image.fromarray(cam.float().cpu().numpy())
            resized = large.resize(image.size, Image.Resampling.BOX)
            small[:] = np.asarray(resized)
        return cls(prediction, np.asarray(image), cams)

    def with_tags(
        self, inferencer: CoSAInferencer, tags: Sequence[str]
    ) -> 'NetworkView':
        """Return the view with known classes; no network is run again.

        Args:
            inferencer (CoSAInferencer): What predicted.
            tags (Sequence[str]): Foreground classes; none: label-free.
        """
        labels = tuple(tags) or None
        label_map = choose_classes(
            self.prediction.raw, kept_ids(inferencer.classes, labels)
        )
        prediction = replace(
            self.prediction, label_map=label_map, labels=labels
        )
        return replace(self, prediction=prediction)

    def cam_mask(self, threshold: float) -> np.ndarray:
        """Return class ids of the best CAM where it reaches a threshold.

        Of the tags or, without any, of the classes that the network gives a
        probability of more than 0.5, as :class:`CAMIoUMetric` has it.

        Args:
            threshold (float): In (0, 1].

        Returns:
            np.ndarray: uint8 (h, w), 0 = background.
        """
        present = torch.tensor(self.prediction.ids[1:], dtype=torch.long) - 1
        scores = self.prediction.raw.scores
        if self.prediction.labels is None and scores is not None:
            present = present[scores.cpu() > LEAST_SCORE]
        value, label = best_class(
            torch.from_numpy(self.cams)[present], present
        )
        label = label.masked_fill(value < threshold, 0)
        return label.to(torch.uint8).numpy()

    def draw_segmentation(
        self, palette: Sequence[Sequence[int]], opacity: float
    ) -> np.ndarray:
        """Draw the segmentation over the picture, uint8 (h, w, 3), RGB."""
        label_map = Image.fromarray(self.prediction.label_map)
        height, width = self.image.shape[:2]
        small = label_map.resize((width, height), Image.Resampling.NEAREST)
        return draw_overlay(self.image, np.asarray(small), palette, opacity)

    def draw_cam(self, class_id: int, opacity: float) -> np.ndarray:
        """Draw the CAM of a class over the picture, uint8 (h, w, 3), RGB."""
        cam = self.cams[class_id - 1].astype(np.float32)
        size = self.image.shape[1::-1]
        return np.asarray(heat_map_panel(cam, self.image, size, opacity))


def predict_both(inferencer: CoSAInferencer, path: str) -> list[NetworkView]:
    """Predict a picture with both networks.

    Args:
        inferencer (CoSAInferencer): Of a :class:`DualStreamSegmentor`.
        path (str): The picture's file.

    Returns:
        list[NetworkView]: Of the networks in `NETWORKS`.

    Raises:
        BadFileError: If it is not a picture, or too large.
    """
    picture = Picture(path, 'picture', os.path.basename(path))
    _refuse_large(path)
    loaded = next(inferencer.preprocess([picture]))
    if isinstance(loaded, FailedPicture):
        raise BadFileError(loaded.reason.replace(path, picture.title))
    return [
        NetworkView.of(*inferencer.forward(loaded, network=network))
        for network in NETWORKS
    ]


def _refuse_large(path: str) -> None:
    """Raise if the header of a picture states too many pixels."""
    try:
        with Image.open(path) as image:
            width, height = image.size
    except Image.DecompressionBombError:
        size = 'far too many'
    except (UnidentifiedImageError, OSError):
        return  # what is wrong with it, its loading says
    else:
        if width * height <= MOST_PIXELS:
            return
        size = f'{width} x {height}'
    raise BadFileError(
        f'{os.path.basename(path)} has {size} pixels, but at most '
        f'{MOST_PIXELS // 10**6} million are taken: scale it down'
    )
