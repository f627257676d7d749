"""A data set that names its bad files, and may skip them in training."""

import logging
from collections.abc import Iterator
from typing import Any

import mmengine.fileio as fileio
import numpy as np
import torch
from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset
from mmseg.structures import SegDataSample

from .any_image import accept_any_image
from .bad_files import BadFileError, check_mask, naming_bad_files
from .class_meta import check_classes
from .image_files import find_images
from .samplers import random_numbers_of


class CheckedSegDataset(BaseSegDataset):
    """mmseg's data set that names bad files, and skips them if asked to.

    A file that cannot be used, by any step of the pipeline, raises
    :class:`BadFileError` with its name and the reason; so does, in evaluation,
    a mask that has not the size of its image. Images are decoded by OpenCV, or
    else by Pillow.

    With ``on_error='skip'`` another image of the training set takes the place
    of a bad one. Which one follows from the index alone, not from what was
    loaded before, so that a resumed training meets the same images; the
    replacements of different images are spread over the set. Each bad file is
    logged once, with the number of images that were skipped so far.

    Args:
        on_error (str): ``'raise'`` stops at a bad file, ``'skip'`` puts
            another image in its place. Defaults to ``'raise'``.
        **kwargs: Arguments of ``BaseSegDataset``.

    Attributes:
        skipped (Tensor): Which images were skipped so far by the workers of
            this process, uint8 (number of images,).

    Raises:
        ValueError: ``on_error`` is another word, or it is ``'skip'`` in
            evaluation, whose scores would be of other images than it says;
            the classes are no different, printable names.
    """

    def __init__(self, *args, on_error: str = 'raise', **kwargs) -> None:
        if on_error not in ('raise', 'skip'):
            raise ValueError(
                f"on_error must be 'raise' or 'skip', but is {on_error!r}"
            )
        self.on_error = on_error
        super().__init__(*args, **kwargs)
        if classes := self.metainfo.get('classes'):
            check_classes(classes, f'metainfo of {type(self).__name__}')
        steps = self.pipeline.transforms
        self.pipeline.transforms = [accept_any_image(s) for s in steps]
        if on_error == 'skip' and self.test_mode:
            raise ValueError(
                "on_error='skip' is for training: an evaluation has to score "
                'each image of its list, so mend the bad ones or take them '
                'out of it'
            )

    def _find_files(self, img_ids: list[str], source: str) -> dict[str, str]:
        """Return the files of images, below ``img_path``, by their ids.

        Args:
            img_ids (list[str]): The images.
            source (str): The file that lists them, for messages.
        """
        if self.img_suffix is not None:
            return {img_id: img_id + self.img_suffix for img_id in img_ids}
        folder = self.data_prefix['img_path']
        return find_images(img_ids, folder, self.backend_args, source)

    def _sample(self, img_id: str, file: str, **entries: Any) -> dict:
        """Return a sample as mmseg's transforms expect it."""
        return dict(
            img_path=fileio.join_path(self.data_prefix['img_path'], file),
            img_id=img_id,
            label_map=self.label_map,
            reduce_zero_label=self.reduce_zero_label,
            seg_fields=[],
            **entries,
        )

    def full_init(self) -> None:
        """Read the lists; set up what the workers count together."""
        if self._fully_initialized:
            return
        super().full_init()
        # One byte an image, in memory that is shared with worker processes.
        self.skipped = torch.zeros(len(self), dtype=torch.uint8)
        self.skipped.share_memory_()

    @property
    def num_skipped(self) -> int:
        """Return how many images were skipped so far, by all workers."""
        return int(self.skipped.sum())

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on a sample.

        Args:
            idx (int): Index of the sample.

        Returns:
            Any: What the pipeline returns.

        Raises:
            BadFileError: See the class.
        """
        info = self.get_data_info(idx)
        with naming_bad_files(info, self.backend_args):
            data = self.pipeline(dict(info))
        sample = data.get('data_samples') if isinstance(data, dict) else None
        if (
            self.test_mode
            and isinstance(sample, SegDataSample)
            and 'gt_sem_seg' in sample
        ):
            # predictions, and so masks, have the size of the loaded image
            mask = sample.gt_sem_seg.data.squeeze(0).numpy()
            check_mask(mask, sample.ori_shape, self, info)
        return data

    def __getitem__(self, idx: int) -> Any:
        """Return a sample; its random numbers follow from a :class:`Draw`."""
        with random_numbers_of(idx):
            return self._sample_or_replacement(int(idx))

    def _sample_or_replacement(self, idx: int) -> Any:
        """Return a sample, or, with ``on_error='skip'``, one in its place."""
        if self.on_error == 'raise':
            return super().__getitem__(idx)
        last = ''
        for candidate in self._candidates(idx):
            try:
                return super().__getitem__(candidate)
            except BadFileError as err:
                last = str(err)
            if not self.skipped[candidate]:  # logged the first time
                self.skipped[candidate] = 1
                print_log(
                    f'skipped ({self.num_skipped} of {len(self)} images so '
                    f'far): {last}',
                    logger='current',
                    level=logging.WARNING,
                )
        raise BadFileError(
            f'{self.max_refetch + 1} images that were tried in place of one '
            f'of {self.ann_file} are all bad, the last one: {last}; '
            '`cosa train CONFIG --check-data` lists them'
        )

    def _candidates(self, idx: int) -> Iterator[int]:
        """Yield the index, and those that take its place in turn."""
        yield idx
        rng = np.random.default_rng(idx % len(self))
        for _ in range(self.max_refetch):
            yield int(rng.integers(len(self)))
