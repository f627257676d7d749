"""Files of predictions."""

import json
import os
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from PIL import Image

from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.label_map import write_label_map
from cosa_mmseg.visualization.overlay import add_legend, draw_overlay
from cosa_mmseg.visualization.panels import heat_map_panel

from .annotations import ANNOTATIONS, AnnotationFiles
from .pictures import Picture
from .prediction import PicturePrediction
from .video import film

KINDS = ('pred', 'vis', 'areas', 'cam', *ANNOTATIONS)
# Of the heat maps, if it is not said of which classes: those that the picture
# shows with at least this probability
LEAST_SCORE = 0.5


class PredictionWriter(ExitStack):
    """Writes predictions below a folder, each file whole or not at all.

    - ``pred/<name>.png``: class ids, a palette PNG.
    - ``vis/<name>.png``: the classes over the picture, with a legend.
    - ``areas/<name>.json``: :meth:`PicturePrediction.record`.
    - ``cam/<name>/<id>_<class>.png``: CAMs over the picture.
    - ``coco.json``, ``coco_polygons.json``, ``cvat.xml``,
      ``label_studio.json`` and ``labelme/<name>.json``: masks for labelling
      tools, see :mod:`.annotations`.

    Names of label-filtered predictions end with ``_label_filtered``.  The
    frames of a video are pictures in a folder of its name, but for
    ``vis/<name>.mp4``, without a legend.

    A context manager: at its end the last video is whole, and files of all
    pictures are written.

    Args:
        out_dir (str | Path): The folder.
        palette (Sequence[Sequence[int]]): RGB colours in 0..255 of the K
            classes.
        kinds (Sequence[str]): What to write, of `KINDS`.

    Raises:
        ValueError: If it is another kind.
    """

    def __init__(
        self,
        out_dir: str | Path,
        palette: Sequence[Sequence[int]],
        kinds: Sequence[str],
    ) -> None:
        super().__init__()
        if {*kinds} - {*KINDS}:
            raise ValueError(
                f'what to save must be some of {", ".join(KINDS)}, got {kinds}'
            )
        self.root = Path(out_dir)
        self.palette = palette
        self.kinds = kinds
        files = AnnotationFiles(self.root, kinds)
        self.callback(files.close)
        self._annotations = files
        self._open = self.enter_context(ExitStack())  # the film
        self._film: tuple[Path, Callable] = (Path(), print)  # none yet

    def check(self, pictures: Sequence[Picture]) -> None:
        """Refuse to write over a picture that is read.

        Raises:
            ValueError: If an output may take the place of an input.
        """
        refuse_inputs_in([self.root / kind for kind in self.kinds], pictures)

    def write(self, prediction: PicturePrediction) -> None:
        """Write the files of a picture; older ones are replaced."""
        self._annotations.add(
            prediction.picture,
            prediction.label_map,
            prediction.classes,
            prediction.scores,
            prediction.suffix,
        )
        if 'pred' in self.kinds:
            path = self._path('pred', prediction, '.png')
            write_label_map(path, prediction.label_map, self.palette)
        if 'vis' in self.kinds:
            self._write_overlay(prediction)
        if 'areas' in self.kinds:
            path = self._path('areas', prediction, '.json')
            text = json.dumps(prediction.record(), indent=2) + '\n'
            with atomic_file(path) as unfinished:
                unfinished.write_text(text, encoding='utf-8')
        if 'cam' in self.kinds:
            self._write_cams(prediction)

    def _write_overlay(self, prediction: PicturePrediction) -> None:
        """Write a picture, or one more frame of a video."""
        clip = prediction.picture.clip
        if clip is None:
            path = self._path('vis', prediction, '.png')
            drawn = overlay(prediction, self.palette)
            _write_image(path, Image.fromarray(drawn))
            return
        path = self.root / 'vis' / f'{clip.name}{prediction.suffix}.mp4'
        if path != self._film[0]:
            self._open.close()
            writer = film(path, prediction.label_map.shape, clip.rate)
            self._film = path, self._open.enter_context(writer)
        self._film[1](overlay(prediction, self.palette, legend=False))

    def _write_cams(self, prediction: PicturePrediction) -> None:
        """Write heat maps of the classes that are, or seem to be, shown.

        Raises:
            ValueError: If the model has no CAMs.
        """
        raw = prediction.raw
        if not raw.has_cam:
            raise ValueError(
                'the model has no CAMs: it takes one of a training with CoSA'
            )
        for id_ in shown_ids(prediction):
            # of a length that file systems take
            name = re.sub(r'[^\w.-]+', '_', prediction.classes[id_])[:50]
            path = self._path('cam', prediction, f'/{id_:02d}_{name}.png')
            cam, image = raw.cam(id_ - 1).cpu().numpy(), prediction.image
            _write_image(path, heat_map_panel(cam, image, image.shape[1::-1]))

    def _path(
        self, kind: str, prediction: PicturePrediction, suffix: str
    ) -> Path:
        """Return the path of an output."""
        return self.root / kind / f'{prediction.name}{suffix}'


def refuse_inputs_in(
    outputs: Sequence[Path], pictures: Sequence[Picture]
) -> None:
    """Refuse files and folders to write to that are pictures, or hold some.

    Raises:
        ValueError: If there is one.
    """
    written = {Path(os.path.realpath(output)) for output in outputs}
    for picture in pictures:
        if not isinstance(picture.source, str):
            continue
        path = Path(os.path.realpath(picture.source))
        if written.intersection((path, *path.parents)):
            raise ValueError(
                f'{picture.source} is in a folder of the outputs, which may '
                'be written over: choose another output folder'
            )


def shown_ids(prediction: PicturePrediction) -> list[int]:
    """Return the foreground classes whose CAM is drawn.

    Those that were given; without, those of a score of at least 0.5 or, if
    there are none, the one of the highest.
    """
    ids = prediction.ids[1:]
    scores = prediction.raw.scores
    if prediction.labels is not None or scores is None:
        return ids
    shown = [id_ for id_ in ids if scores[id_ - 1] >= LEAST_SCORE]
    return shown or [int(scores.argmax()) + 1]


def overlay(
    prediction: PicturePrediction,
    palette: Sequence[Sequence[int]],
    legend: bool = True,
) -> np.ndarray:
    """Draw the classes over the picture, their shares in a legend.

    Returns:
        np.ndarray: (H, W, 3), uint8, RGB; higher with a legend.
    """
    drawn = draw_overlay(prediction.image, prediction.label_map, palette)
    if not legend:
        return drawn
    areas = prediction.areas().items()
    names = {
        id_: f'{name} {100 * area["share"]:.1f} %'
        for id_, (name, area) in zip(prediction.ids, areas, strict=True)
        if area['pixels']
    }
    return add_legend(drawn, names, palette)


def _write_image(path: Path, image: Image.Image) -> None:
    with atomic_file(path) as unfinished:
        image.save(unfinished)
