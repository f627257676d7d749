"""A train loop whose iteration is one step on a stated number of images."""

import logging
import math
from collections.abc import Iterator
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.dist import get_rank, get_world_size
from mmengine.logging import print_log
from mmengine.registry import LOOPS
from mmengine.runner import IterBasedTrainLoop, set_random_seed

from cosa_mmseg.models.ops.checks import check_range
from cosa_mmseg.utils.freed_memory import keep_freed_memory
from cosa_mmseg.utils.random_numbers import derive_seeds
from cosa_mmseg.utils.threads import describe_crowd

from .batch_norm_statistics import share_batch_norm_statistics


def batches_per_step(
    total: int, per_process: int, num_processes: int, counts: int = 1
) -> int:
    """Batches that each process accumulates for an optimiser step.

    Args:
        total: ``train_cfg.total_batch_size``, images per step.
        per_process: ``train_dataloader.batch_size``.
        num_processes: Each has a data loader of its own.
        counts: ``accumulative_counts`` that the optimiser wrapper has.

    Raises:
        ValueError: If a size is less than 1, the batches do not make the
            total, or the wrapper accumulates for itself.
    """
    check_range('[1, inf)', **{'train_cfg.total_batch_size': total})
    check_range('[1, inf)', **{'train_dataloader.batch_size': per_process})
    num, rest = divmod(total, per_process * num_processes)
    if rest:
        raise ValueError(
            'train_cfg.total_batch_size must be a multiple of '
            f'train_dataloader.batch_size={per_process} times {num_processes} '
            f'process(es), got {total}: choose a batch_size that divides what '
            'a process has of it, or another total than the recipe has'
        )
    if num > 1 and counts != 1:
        raise ValueError(
            'set either train_cfg.total_batch_size or optim_wrapper.'
            f'accumulative_counts={counts}, not both'
        )
    return num


@LOOPS.register_module()
class TotalBatchTrainLoop(IterBasedTrainLoop):
    """Iterations of ``total_batch_size`` images, on any number of GPUs.

    Each process accumulates the gradients of as many batches of its data
    loader as it takes to reach the total.  An iteration is one optimiser
    step, so that learning-rate schedule, warm-up, EMA and intervals need no
    change when the number of GPUs or the batch per GPU does.

    A resumed training goes on as if it had not been cut off, with a
    :class:`ResumableSampler`: random numbers of an iteration follow from the
    runner's seed, the process and the iteration; samples of the iterations
    that are done are passed over without being read; statistics of BatchNorm
    are equal on all processes at its end.  An evaluation that is due at the
    iteration of a checkpoint comes after the checkpoint, and so is repeated.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader | dict): Its batches go to one process each.
        total_batch_size (int): Images per optimiser step over all processes.
        max_iters (int, optional): Number of optimiser steps; None: as
            ``epochs`` says.
        epochs (float, optional): How many times the training goes through
            its images, where ``max_iters`` is None.
        iters_range (tuple[int, int]): The least and the greatest number of
            steps that ``epochs`` leads to.
        **kwargs: Arguments of ``IterBasedTrainLoop``, such as
            ``val_interval``.

    Raises:
        ValueError: As :func:`batches_per_step`, or if neither ``max_iters``
            nor ``epochs`` is given.
    """

    dataloader_iterator: Any  # set by the base class

    def __init__(
        self,
        runner,
        dataloader,
        total_batch_size: int,
        max_iters: int | None = None,
        epochs: float | None = None,
        iters_range: tuple[int, int] = (1, 10**9),
        **kwargs,
    ) -> None:
        if max_iters is None and epochs is None:
            raise ValueError('set train_cfg.max_iters or train_cfg.epochs')
        super().__init__(runner, dataloader, max_iters or 0, **kwargs)
        if max_iters is None and epochs is not None:
            num_images = len(self.dataloader.dataset)
            self._max_iters = _iterations(
                epochs, num_images, total_batch_size, iters_range
            )
        wrapper = self.runner.optim_wrapper
        self.num_batches = batches_per_step(
            total_batch_size,
            self.dataloader.batch_size,
            get_world_size(),
            wrapper.get('accumulative_counts', 1),
        )
        self.dataloader_iterator = self._in_groups(self.dataloader_iterator)
        if self.num_batches > 1:  # of the wrapper, which is built next
            wrapper['accumulative_counts'] = self.num_batches

    def _in_groups(self, iterator: Iterator) -> Iterator:
        """Return the iterator of batches, in groups of those of a step."""
        if self.num_batches == 1:
            return iterator
        return map(list, zip(*[iterator] * self.num_batches, strict=False))

    def run(self):
        """Launch training; count batches where the wrapper does."""
        runner = self.runner
        runner.optim_wrapper.initialize_count_status(
            runner.model,
            self._iter * self.num_batches,
            self._max_iters * self.num_batches,
        )
        runner.call_hook('before_train')
        runner.call_hook('before_train_epoch')
        self._agree_on_samples()
        if get_device() == 'cpu':
            keep_freed_memory()
        if crowd := describe_crowd(torch.get_num_threads()):
            print_log(crowd, 'current', logging.WARNING)
        if self._iter >= self._max_iters:
            print_log(
                f'nothing is left to train: {self._iter} iterations are done '
                f'of train_cfg.max_iters={self._max_iters}',
                logger='current',
                level=logging.WARNING,
            )
        if self._iter > 0:
            self._skip_samples()
            self._validate_if_due()
        while self._iter < self._max_iters and not self.stop_training:
            runner.model.train()
            self.run_iter(next(self.dataloader_iterator))
            self._validate_if_due()
        runner.call_hook('after_train_epoch')
        runner.call_hook('after_train')
        return runner.model

    def _agree_on_samples(self) -> None:
        """Have the sampler go on with the seed of the run it resumes.

        The config may have none, or another one by now.
        """
        sampler: Any = self.dataloader.sampler
        if not hasattr(sampler, 'seed'):
            return
        hub = self.runner.message_hub
        if self._iter > 0:
            sampler.seed = hub.get_info('sampler_seed', sampler.seed)
        hub.update_info('sampler_seed', sampler.seed)

    def _skip_samples(self) -> None:
        """Pass over the samples of the iterations that are done."""
        sampler: Any = self.dataloader.sampler
        if hasattr(sampler, 'skip'):
            num_batches = self._iter * self.num_batches
            sampler.skip(num_batches * self.dataloader.batch_size)
            self.dataloader_iterator = self._in_groups(iter(self.dataloader))
            return
        print_log(
            f'{type(sampler).__name__} can not skip samples: those of '
            f'{self._iter} iterations are read and dropped. Set '
            "train_dataloader.sampler.type='ResumableSampler' to resume at "
            'once.',
            logger='current',
            level=logging.WARNING,
        )
        for _ in range(self._iter):
            next(self.dataloader_iterator)

    def _validate_if_due(self) -> None:
        """Evaluate at each ``val_interval`` and at the end."""
        self._decide_current_val_interval()
        is_due = (
            self._iter % self.val_interval == 0
            or self._iter == self._max_iters
        )
        val_loop = self.runner.val_loop
        if val_loop is not None and self._iter >= self.val_begin and is_due:
            val_loop.run()

    def run_iter(self, data_batch) -> None:
        """One optimiser step.

        Args:
            data_batch (dict | list[dict]): A batch, or the batches whose
                gradients are accumulated.
        """
        runner = self.runner
        set_random_seed(*derive_seeds(runner.seed, get_rank(), self._iter))
        runner.call_hook(
            'before_train_iter', batch_idx=self._iter, data_batch=data_batch
        )
        batches = data_batch if self.num_batches > 1 else [data_batch]
        steps = [
            runner.model.train_step(batch, optim_wrapper=runner.optim_wrapper)
            for batch in batches
        ]
        share_batch_norm_statistics(runner.model)
        runner.call_hook(
            'after_train_iter',
            batch_idx=self._iter,
            data_batch=data_batch,
            outputs=_mean(steps),
        )
        self._iter += 1


def _iterations(
    epochs: float, num_images: int, per_step: int, limits: tuple[int, int]
) -> int:
    """Return the steps that go through all images ``epochs`` times."""
    least, greatest = limits
    num = min(max(math.ceil(epochs * num_images / per_step), least), greatest)
    print_log(
        f'{num} iterations of {per_step} images, for {num_images} images: '
        f'train_cfg.epochs={epochs}, at least {least} and at most {greatest} '
        'iterations; train_cfg.max_iters sets another number',
        logger='current',
    )
    return num


def _mean(logs: list[dict]) -> dict:
    """Mean of what the batches of a step logged."""
    if len(logs) == 1:
        return logs[0]
    return {
        name: sum(log[name] for log in logs) / len(logs) for name in logs[0]
    }
