"""Predictions in the form that a test server takes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.dist import barrier, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.registry import METRICS

from cosa_mmseg.utils.label_map import write_label_map
from cosa_mmseg.utils.lock import LOCK, locked

from .sample_fields import read_field
from .submission_files import (
    SubmissionError,
    check_label_map,
    require_pycocotools,
    write_coco_json,
    write_tar,
)


@dataclass(frozen=True)
class FileFormat:
    """Files that are written below the output folder.

    Attributes:
        maps: Folder of the label maps.
        package: File that is made of them when they are complete.
        num_classes: K that it is for, with the background; None: any.
        dataset: Class of the data set that it is for; None: any.
    """

    maps: str
    package: str
    num_classes: int | None = None
    dataset: str | None = None


FORMATS = {
    'voc': FileFormat(
        'results/VOC2012/Segmentation/comp6_test_cls',
        'results.tar.gz',
        num_classes=21,
        dataset='VOCImageLabelDataset',
    ),
    'coco-json': FileFormat(
        'results',
        'results.json',
        num_classes=81,
        dataset='COCOImageLabelDataset',
    ),
    'png': FileFormat('results', 'results.tar.gz'),
}


def format_for(dataset: dict) -> str:
    """Return the name of the format for a data set.

    Args:
        dataset: Its config. One with classes of its own, in ``metainfo``, is
            for no server, whatever its class.

    Returns:
        That of the data set's class; ``'png'`` for others.
    """
    if (dataset.get('metainfo') or {}).get('classes'):
        return 'png'
    kind = dataset['type'].split('.')[-1]
    found = [name for name, form in FORMATS.items() if form.dataset == kind]
    return found[0] if found else 'png'


def _image_id(sample: dict) -> str:
    """Return the name of an image's label map, without suffix."""
    folder = Path(sample.get('img_id', '')).parent
    if folder.is_absolute() or '..' in folder.parts:
        folder = Path()  # write nothing outside the output folder
    return (folder / Path(sample['img_path']).stem).as_posix()


@METRICS.register_module()
class SubmissionFormatter(BaseMetric):
    """Write the predicted label maps, check them, and pack them.

    - ``voc``, for the server of PASCAL VOC:
      ``results/VOC2012/Segmentation/comp6_test_cls/<image id>.png`` and
      ``results.tar.gz`` of them;
    - ``coco-json``: ``results/<image id>.png`` and ``results.json``, see
      `coco_entries`; needs ``pycocotools``;
    - ``png``: ``results/<image id>.png`` and ``results.tar.gz`` of them.

    A label map has the size of the image file and holds class ids, 0 to
    K - 1, with VOC's palette.  The image id is the name of the image file
    without suffix, below the sub-folder that ``img_id`` names, if any.  The
    package is written last: where it is, every image of the data set has its
    label map.  What an older run wrote to the folder is removed when the
    first batch comes.

    Stands in the place of a metric and has no score.  Needs neither masks nor
    labels, and writes the label-free prediction only.  Each process writes
    what it predicts; the main one packs.  (``mmseg.IoUMetric`` with
    ``format_only`` writes no palette, and neither checks nor packs.)

    Reads from each data sample ``pred_sem_seg`` (1, H, W), ``img_path`` and
    ``img_id``.

    Args:
        out_dir: Folder to write to, for this alone.
        file_format: ``'voc'``, ``'coco-json'`` or ``'png'``.
        **kwargs: ``collect_device``, ``prefix``, ``collect_dir`` of
            ``mmengine.evaluator.BaseMetric``.

    Raises:
        SubmissionError: If the format is unknown, needs a package that is
            not installed, or the folder holds other files; later, if the
            number of classes is not the format's, a label map does not
            belong to its image, or there is not one for each image.
    """

    def __init__(
        self, out_dir: str | Path, file_format: str = 'png', **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if file_format not in FORMATS:
            raise SubmissionError(
                f'file_format must be one of {", ".join(FORMATS)}, got '
                f'{file_format!r}'
            )
        if file_format == 'coco-json':
            require_pycocotools()
        self.file_format = file_format
        self.out_dir = Path(out_dir)
        self.maps = self.out_dir / FORMATS[file_format].maps
        self.package = self.out_dir / FORMATS[file_format].package
        self._older_files()
        self._lock = ExitStack()

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Write the label maps of a batch of images."""
        num_classes = len(self.dataset_meta['classes'])
        if not self.results:
            self._start(num_classes)
        for sample in data_samples:
            pred = read_field(sample, 'pred_sem_seg', 'data', self)[0]
            image_id = _image_id(sample)
            path = self.maps / f'{image_id}.png'
            write_label_map(path, pred.cpu().numpy())
            check_label_map(path, Path(sample['img_path']), num_classes)
            self.results.append(image_id)

    def check_names(self, infos: Iterable[dict]) -> None:
        """Refuse images whose label maps would replace one another.

        Args:
            infos: Of all images, each with ``img_path`` and maybe ``img_id``.

        Raises:
            SubmissionError: Two images have one id.
        """
        paths: dict[str, str] = {}
        for info in infos:
            image_id, path = _image_id(info), info['img_path']
            if paths.setdefault(image_id, path) != path:
                raise SubmissionError(
                    f'the label maps of {paths[image_id]} and {path} would '
                    f'both be {image_id}.png: rename one of the images, or '
                    'list one only'
                )

    def _start(self, num_classes: int) -> None:
        """Check the classes and remove what an older run has written."""
        wanted = FORMATS[self.file_format].num_classes
        if wanted not in (None, num_classes):
            raise SubmissionError(
                f'the format {self.file_format} is for {wanted} classes with '
                f'the background, but the data set has {num_classes}: choose '
                'another format, such as png'
            )
        if is_main_process():
            self._lock.enter_context(locked(self.out_dir))
            for path in self._older_files():
                path.unlink()
        barrier()

    def _older_files(self) -> list[Path]:
        """Return the files that an older run has written.

        Raises:
            SubmissionError: If there are others.
        """
        found = [
            path
            for path in (self.out_dir, *self.out_dir.rglob('*'))
            if path.exists() and not path.is_dir() and path.name != LOCK
        ]
        for path in found:
            if path.is_relative_to(self.maps):
                is_own = path.suffix == '.png'
            else:  # the package, maybe unfinished, as `atomic_file` names it
                is_hidden = path.match(f'.*{self.package.suffix}')
                is_own = path == self.package or (
                    path.parent == self.out_dir and is_hidden
                )
            if not is_own:
                raise SubmissionError(
                    f'{path} is no file of the format {self.file_format}, '
                    f'which needs {self.out_dir} for itself: choose another '
                    'folder'
                )
        return found

    def evaluate(self, size: int) -> dict:
        """Check and pack the label maps of all processes.

        Args:
            size: Number of images of the data set.
        """
        self._size = size
        return super().evaluate(size)

    def compute_metrics(self, results: list[str]) -> dict:
        """Pack the label maps of these image ids; there is no score."""
        self._check_complete(results)
        label_maps = [self.maps / f'{image_id}.png' for image_id in results]
        if self.file_format == 'coco-json':
            write_coco_json(self.package, label_maps)
        else:
            write_tar(self.package, label_maps, self.out_dir)
        self._lock.close()
        message = f'{len(results)} label maps, checked, in {self.package}'
        print_log(message, 'current')
        return {}

    def _check_complete(self, image_ids: list[str]) -> None:
        """Compare the files with the images, each of which is due once.

        Raises:
            SubmissionError: If an image id is there twice, or a file is
                missing or one too many.
        """
        repeated = [i for i, n in Counter(image_ids).items() if n > 1]
        if repeated:
            raise SubmissionError(
                f'the image list has {len(repeated)} image id(s) more than '
                f'once, such as {repeated[0]!r}: list each once, and rename '
                'images that differ in their suffix only'
            )
        if len(image_ids) != self._size:
            raise SubmissionError(
                f'{len(image_ids)} of {self._size} images were predicted: '
                'the sampler must deal out all of them'
            )
        wanted = {f'{image_id}.png' for image_id in image_ids}
        found = {
            path.relative_to(self.maps).as_posix()
            for path in self.maps.rglob('*')
            if not path.is_dir()
        }
        if wanted != found:
            raise SubmissionError(
                f'{self.maps} lacks {sorted(wanted - found)} and has '
                f'{sorted(found - wanted)} besides: let nothing else write '
                'there'
            )
