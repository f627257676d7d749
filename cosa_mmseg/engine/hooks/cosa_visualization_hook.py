"""Pictures of the same images, again and again while a model learns."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.registry import DATASETS, HOOKS
from mmengine.runner import autocast

from cosa_mmseg.models import CoSA
from cosa_mmseg.models.ops.checks import check_range
from cosa_mmseg.utils.bare_model import bare_model
from cosa_mmseg.utils.pipelines import without_masks
from cosa_mmseg.utils.random_numbers import seeded

PREFIX = 'watch_'  # of the names of the pictures


@HOOKS.register_module()
class CoSAVisualizationHook(Hook):
    """One picture of each of some fixed images, at each validation.

    It shows the image, its mask where the set has one, the CAMs, the pseudo
    labels made of them (ignored pixels are hatched) and their weights, the
    segmentation pseudo label, and what both networks predict; see
    :func:`cosa_mmseg.visualization.observe`.  It goes to each backend of the
    runner's visualizer: files ``vis_image/watch_<image>_<iteration>.png``,
    TensorBoard, Weights & Biases.

    The images are of the validation set; in a training without one they are
    of the test set, and no mask is read.  Images without an image-level label
    are left out, for pseudo labels are made with it.  Only the main process
    draws.  A training is the same with and without the hook, to the bit:
    neither random numbers nor modes nor thresholds change.  A model that makes
    no pseudo labels gets no pictures.

    Args:
        images (int | Sequence[int | str]): How many, evenly spread over the
            set (0: no pictures), or which: indices, or names (lines of its
            list; in a folder without a list the files' names). Defaults to 4.
        interval (int, optional): Pictures every so many iterations besides
            those at validations. None: none besides. Defaults to None.
        width (int): Of a panel, pixels; a picture is five wide. Defaults to
            224.

    Raises:
        ValueError: If a number is too low, or ``images`` names one that is
            not in the set.
    """

    priority = 'LOW'  # behind the networks' update and the log

    def __init__(
        self,
        images: int | Sequence[int | str] = 4,
        interval: int | None = None,
        width: int = 224,
    ) -> None:
        if isinstance(images, int):
            check_range('[0, inf)', images=images)
        check_range('[1, inf)', interval=interval, width=width)
        self.images = images
        self.interval = interval
        self.width = width
        self._samples: list[dict] = []
        self._meta: dict[str, Any] = {}
        self._last_iteration = -1  # with pictures

    def before_train(self, runner) -> None:
        """Read the images."""
        wanted = self.images and isinstance(bare_model(runner.model), CoSA)
        if not wanted or not is_main_process():
            return
        if runner.val_loop is not None:
            dataset = runner.val_dataloader.dataset
        else:
            dataset = build_test_set(runner.cfg)
        if dataset is None:
            return
        with seeded(0):
            samples = [dataset[i] for i in find_images(dataset, self.images)]
        self._meta = dataset.metainfo
        self._samples = [s for s in samples if 'gt_label' in s['data_samples']]
        if len(self._samples) < len(samples):
            runner.logger.warning(
                f'CoSAVisualizationHook: {len(samples) - len(self._samples)} '
                f'of {len(samples)} images have no image-level label and get '
                'no pictures'
            )

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Draw every ``interval`` iterations."""
        if self.interval and self.every_n_train_iters(runner, self.interval):
            self._draw(runner, runner.iter + 1)

    def after_val_epoch(self, runner, metrics=None) -> None:
        """Draw at each validation of a training."""
        if self._samples and runner.iter != self._last_iteration:
            self._draw(runner, runner.iter)

    def after_train(self, runner) -> None:
        """Let go of the images."""
        self._samples = []

    def _draw(self, runner, iteration: int) -> None:
        """Draw each image."""
        # matplotlib comes with it
        from cosa_mmseg.visualization import draw_sheet, observe

        self._last_iteration = iteration
        model = bare_model(runner.model)
        fp16 = getattr(runner.val_loop, 'fp16', False)
        names: set[str] = set()
        for number, data in enumerate(self._samples):
            with seeded(0), autocast(enabled=fp16):
                row = observe(model, data)
            picture = draw_sheet(
                row,
                self._meta['classes'],
                self._meta['palette'],
                _note(model, iteration),
                self.width,
            )
            name = re.sub(r'[^\w.-]', '_', row.image_id)
            if name in names:  # a/1 and a_1
                name += f'_{number}'
            names.add(name)
            runner.visualizer.add_image(PREFIX + name, picture, iteration)


def find_images(
    dataset: BaseDataset, images: int | Sequence[int | str]
) -> list[int]:
    """Return the indices of some images of a set.

    Args:
        dataset (BaseDataset): The set.
        images (int | Sequence[int | str]): How many, evenly spread, at most
            all; or their indices and names.

    Returns:
        list[int]: Indices.

    Raises:
        ValueError: If one is not in the set; it names it.
    """
    size = len(dataset)
    if isinstance(images, int):
        return np.linspace(0, size - 1, min(images, size)).astype(int).tolist()
    numbers = {}
    if any(isinstance(image, str) for image in images):
        infos = (dataset.get_data_info(i) for i in range(size))
        numbers = {info['img_id']: i for i, info in enumerate(infos)}
    found = [i if isinstance(i, int) else numbers.get(i, size) for i in images]
    for image, index in zip(images, found, strict=True):
        if not 0 <= index < size:
            raise ValueError(
                f'CoSAVisualizationHook: images has {image!r}, which is '
                f'neither an index below {size} nor a name of the set'
                + (f', such as {next(iter(numbers))!r}' if numbers else '')
            )
    return found


def build_test_set(cfg: Config) -> BaseDataset | None:
    """Build the test set of a config without its masks, if it has one."""
    loader = cfg.get('test_dataloader')
    if not loader:
        return None
    steps = without_masks(loader['dataset']['pipeline'])
    return DATASETS.build(dict(loader['dataset'], pipeline=steps))


def _note(model: CoSA, iteration: int) -> str:
    """Return the iteration and the thresholds, where there are single ones."""
    note = f'iteration {iteration}'
    if found := model.assigner.thresholds:
        xi, xi_aux = map(float, found)
        note += (
            f'   \N{GREEK SMALL LETTER XI} {xi:.3f}, auxiliary {xi_aux:.3f}'
        )
    return note
