"""The page that says what a training did."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import (
    all_reduce,
    get_dist_info,
    is_main_process,
    master_only,
)
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmseg.structures import SegDataSample
from torch import Tensor

from cosa_mmseg.datasets.findings import (
    count_shared,
    describe_shared,
    parts_of,
)
from cosa_mmseg.evaluation import confusion_matrix
from cosa_mmseg.utils.environment import device_name, versions
from cosa_mmseg.utils.run_files import CONFUSION_FILE, RUN_FILE, write_json


@HOOKS.register_module()
class ReportHook(Hook):
    """Writes ``report.html`` to the work dir at the end of a training.

    What the page needs beside the log it keeps in the folder of the run:
    ``run.json`` (command, versions, seed, device, and how many of the scored
    images are trained with; at the end also how many pictures
    ``on_error='skip'`` left out) from the start on, and
    ``confusion.json``, the confusion matrix of the label-free segmentation at
    the last validation, where the validation set has masks.  Of a training
    that ended early ``cosa report`` writes the page.
    """

    priority = 'LOW'  # behind the log of the last iteration

    def __init__(self) -> None:
        self._info: dict[str, Any] = {}
        # all images of this process before the last, and the last
        self._counts: list[Any] = []
        self._num_images = 0

    def before_train(self, runner) -> None:
        """Note what the training runs with."""
        self._info = dict(
            command=shlex.join(['python', *sys.argv]),
            versions=versions(),
            seed=runner.seed,
            device=device_name(torch.get_num_threads()),
            processes=get_dist_info()[1],
            max_iters=runner.max_iters,
            finished=False,
        )
        if runner.val_loop is not None:
            self._info.update(
                scored_images=len(runner.val_dataloader.dataset),
                trained_and_scored=count_shared(
                    runner.train_dataloader.dataset,
                    runner.val_dataloader.dataset,
                ),
            )
        self._write(runner, RUN_FILE, self._info)

    def before_val_epoch(self, runner) -> None:
        """Forget the validation before."""
        self._counts, self._num_images = [], 0

    def after_val_iter(
        self,
        runner,
        batch_idx: int,
        data_batch=None,
        outputs: Sequence | None = None,
    ) -> None:
        """Count the pixels of a batch, in a training."""
        if not self._info:
            return
        for sample in () if outputs is None else outputs:
            if isinstance(sample, SegDataSample) and 'gt_sem_seg' in sample:
                counts = self._count(runner, sample)
                self._counts = [sum(self._counts), counts]
                self._num_images += 1

    def after_val_epoch(self, runner, metrics=None) -> None:
        """Write the confusion matrix of all processes' images.

        Where images are scored that are trained with, the log says so beside
        the scores.
        """
        if shared := self._info.get('trained_and_scored'):
            sentence = describe_shared(shared, self._info['scored_images'])
            # with the iteration, as mmengine drops a warning that it has had
            runner.logger.warning(f'iteration {runner.iter}: {sentence}')
        if not self._counts:
            return
        dataset = runner.val_dataloader.dataset
        rank, world_size = get_dist_info()
        # a sampler rounds up to equal shares: an image may be there twice
        if (self._num_images - 1) * world_size + rank >= len(dataset):
            self._counts.pop()
        classes = list(dataset.metainfo['classes'])
        total = torch.zeros(len(classes), len(classes), dtype=torch.int64)
        total += sum(self._counts)
        all_reduce(total)
        confusion = dict(
            iteration=runner.iter,
            classes=classes,
            matrix=total.tolist(),
        )
        self._write(runner, CONFUSION_FILE, confusion)

    def after_train(self, runner) -> None:
        """Write the page."""
        self._info['finished'] = runner.iter >= runner.max_iters
        self._info.update(_count_skipped(runner.train_dataloader.dataset))
        self._write(runner, RUN_FILE, self._info)
        self._info = {}
        if is_main_process():
            self._report(runner)

    @staticmethod
    def _count(runner, sample: SegDataSample) -> Tensor:
        """Confusion matrix of an image, (K, K) int64 on the CPU."""
        pred = sample.pred_sem_seg.data
        return confusion_matrix(
            pred,
            sample.gt_sem_seg.data.to(pred.device),
            len(runner.val_dataloader.dataset.metainfo['classes']),
        ).cpu()

    @staticmethod
    def _report(runner) -> None:
        from cosa_mmseg.visualization.report.page import write_report

        try:
            path = write_report(runner.work_dir)
        except Exception as err:  # the training is not lost by that
            runner.logger.error(f'the report is not written: {err!r}')
        else:
            runner.logger.info(f'report: {path}')

    @staticmethod
    @master_only
    def _write(runner, name: str, content: dict) -> None:
        """Write a file of the run, or say in the log why not."""
        path = Path(runner.log_dir) / name
        try:
            write_json(path, content)
        except Exception as err:  # the training is not lost by that
            runner.logger.error(f'{path} is not written: {err!r}')


def _count_skipped(dataset: Any) -> dict[str, int]:
    """Different images that any process skipped, and how many there are."""
    skipped = [
        part.skipped.clone()
        for part in parts_of(dataset)
        if getattr(part, 'on_error', None) == 'skip'
    ]
    if not skipped:
        return {}
    images = torch.cat(skipped)
    all_reduce(images, 'max')
    return dict(skipped=int(images.sum()), train_images=len(images))
