"""The folder that an export of pseudo labels writes."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from cosa_mmseg.datasets.bad_files import BadFileError
from cosa_mmseg.datasets.pseudo_label import KINDS, MANIFEST
from cosa_mmseg.models.ops.cam import IGNORE_INDEX
from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.label_map import write_label_map
from cosa_mmseg.utils.reading import read_json

from .whole_image import ImagePseudoLabels

_MEND = 'remove it, and the same command writes it anew'


@dataclass(frozen=True)
class PseudoLabelFolder:
    """Pseudo labels of a split as files, each whole or not at all.

    - ``<kind>/<image id>.png``: palette PNG of class ids, 0..C, 255 = ignore;
      kind is ``cam`` (CPL) or ``seg`` (argmax of SPL).
    - ``<kind>_confidence/<image id>.png``: 8-bit grey PNG, value =
      round(255 * confidence); :class:`ImagePseudoLabels` says of what.
    - ``cam_raw/<image id>.npz``, if asked for: ``cam``, float16 (P, H, W) in
      [0, 1], the maps of the classes that the image shows, and ``class_ids``,
      int64 (P,), their segmentation ids in 1..C.
    - ``manifest.json``: the settings of the run.

    Attributes:
        root (Path): The folder.
        which (Sequence[str]): Kinds of labels, of ``cam`` and ``seg``.
        raw_cam (bool): Whether ``cam_raw`` is written.
        palette (Sequence[Sequence[int]]): RGB colours in 0..255 of the K = C
            + 1 classes, background first.
    """

    root: Path
    which: Sequence[str]
    raw_cam: bool
    palette: Sequence[Sequence[int]]

    def __post_init__(self) -> None:
        """Refuse what the files could not hold.

        Raises:
            ValueError: If there is nothing to write, a kind is unknown, or
                there are too many classes.
        """
        if not self.which or not set(self.which) <= set(KINDS):
            raise ValueError(
                f'which must name some of {KINDS}, but is {tuple(self.which)}'
            )
        if len(self.palette) > IGNORE_INDEX:
            raise ValueError(
                f'{len(self.palette)} classes do not fit the ids 0..254 of an '
                '8-bit PNG'
            )

    def claim(self, settings: dict) -> None:
        """Write the manifest, or compare with that of an earlier run.

        Args:
            settings (dict): Whatever the files depend on; plain data.

        Raises:
            FileExistsError: If the folder holds files of something else.
            ValueError: If it holds those of a run with other settings.
        """
        path = self.root / MANIFEST
        text = json.dumps(settings, indent=2, default=str)
        if path.is_file():
            different = _difference(read_json(path), json.loads(text))
            if different:
                raise ValueError(
                    f'{self.root} holds pseudo labels of another run: '
                    f'{different} now; choose another folder or remove it'
                )
            return
        if self.root.exists() and any(self.root.iterdir()):
            raise FileExistsError(
                f'{self.root} is not empty and no export of pseudo labels '
                f'(it has no {MANIFEST}): choose another folder'
            )
        self.write_text(MANIFEST, text + '\n')

    def path(self, folder: str, img_id: str) -> Path:
        """Return the file of an image; `folder` is one of those above."""
        suffix = 'npz' if folder == 'cam_raw' else 'png'
        return self.root / folder / f'{img_id}.{suffix}'

    def has(self, img_id: str) -> bool:
        """Return True if all files of an image are there."""
        folders = [*self.which, *(f'{kind}_confidence' for kind in self.which)]
        if self.raw_cam:
            folders.append('cam_raw')
        return all(self.path(name, img_id).is_file() for name in folders)

    def write(self, img_id: str, labels: ImagePseudoLabels) -> None:
        """Write the files of an image; older ones are replaced."""
        for kind in self.which:
            label = getattr(labels, f'{kind}_label').cpu().numpy()
            write_label_map(self.path(kind, img_id), label, self.palette)
            _write_confidence(
                self.path(f'{kind}_confidence', img_id),
                getattr(labels, f'{kind}_confidence'),
            )
        if self.raw_cam:
            with atomic_file(self.path('cam_raw', img_id)) as unfinished:
                np.savez_compressed(
                    unfinished,
                    cam=labels.cam.half().cpu().numpy(),
                    class_ids=labels.class_ids.cpu().numpy(),
                )

    def read(self, kind: str, img_id: str) -> tuple[np.ndarray, np.ndarray]:
        """Return what was written of an image.

        Returns:
            tuple[np.ndarray, np.ndarray]: Class ids, uint8 (H, W), and
            confidences, float64 (H, W), in [0, 1].

        Raises:
            BadFileError: If a file is not one that was written here, or both
                are not of one size.
        """
        paths = [
            self.path(name, img_id) for name in (kind, f'{kind}_confidence')
        ]
        label, confidence = map(_read, paths)
        if label.shape != confidence.shape:
            raise BadFileError(
                f'{paths[0]} has the shape {label.shape}, but {paths[1]} '
                f'{confidence.shape}: {_MEND}'
            )
        return label, confidence / 255

    def write_text(self, name: str, text: str) -> None:
        """Write a file of this name."""
        with atomic_file(self.root / name) as unfinished:
            unfinished.write_text(text, encoding='utf-8')


def _read(path: Path) -> np.ndarray:
    """Return an 8-bit picture of one channel, uint8 (H, W)."""
    with suppress(OSError, SyntaxError), Image.open(path) as image:
        values = np.array(image)
        if values.ndim == 2 and values.dtype == np.uint8:
            return values
    raise BadFileError(
        f'{path} is damaged or none of an export of pseudo labels: {_MEND}'
    )


def _write_confidence(path: Path, confidence: Tensor) -> None:
    value = (255 * confidence).round().clamp(0, 255).cpu().numpy()
    with atomic_file(path) as unfinished:
        Image.fromarray(value.astype(np.uint8)).save(unfinished)


def _difference(old: object, new: object, key: str = '') -> str | None:
    """Return the first entry, by its dotted key, in which settings differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            below = f'{key}.{name}' if key else name
            found = _difference(old.get(name), new.get(name), below)
            if found:
                return found
        return None
    return None if old == new else f'{key} is {old!r} there and {new!r}'
