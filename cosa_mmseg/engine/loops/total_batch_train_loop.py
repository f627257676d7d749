"""A train loop whose iteration is one step on a stated number of images."""

import logging
from typing import Any

from mmengine.dist import get_world_size
from mmengine.logging import print_log
from mmengine.registry import LOOPS
from mmengine.runner import IterBasedTrainLoop


class _BatchGroups:
    """Iterator over groups of ``size`` batches of another iterator."""

    def __init__(self, iterator, size: int) -> None:
        self.iterator = iterator
        self.size = size

    def __iter__(self) -> '_BatchGroups':
        return self

    def __next__(self) -> list[dict]:
        return [next(self.iterator) for _ in range(self.size)]

    def skip_iter(self, num: int) -> None:
        """Pass over ``num`` groups, as the loop does when it resumes."""
        self.iterator.skip_iter(num * self.size)


@LOOPS.register_module()
class TotalBatchTrainLoop(IterBasedTrainLoop):
    """Iterations of ``total_batch_size`` images, on any number of GPUs.

    Each process accumulates the gradients of as many batches of its data
    loader as it takes to reach the total.  An iteration is one optimiser
    step, so that learning-rate schedule, warm-up, EMA and intervals need no
    change when the number of GPUs or the batch per GPU does.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader | dict): Its batches go to one process each.
        max_iters (int): Number of optimiser steps.
        total_batch_size (int): Images per optimiser step over all processes.
        **kwargs: Arguments of ``IterBasedTrainLoop``, such as
            ``val_interval``.

    Raises:
        ValueError: If ``total_batch_size`` < 1, or the optimiser wrapper
            already accumulates.
    """

    dataloader_iterator: Any  # set by the base class

    def __init__(
        self,
        runner,
        dataloader,
        max_iters: int,
        total_batch_size: int,
        **kwargs,
    ) -> None:
        super().__init__(runner, dataloader, max_iters, **kwargs)
        if total_batch_size < 1:
            raise ValueError(
                f'total_batch_size must be at least 1, got {total_batch_size}'
            )
        self.num_batches = self._batches_per_step(total_batch_size)
        if self.num_batches > 1:
            self.dataloader_iterator = _BatchGroups(
                self.dataloader_iterator, self.num_batches
            )
            self._let_wrapper_accumulate()

    def _batches_per_step(self, total: int) -> int:
        """Batches that each process accumulates; warns if they miss it."""
        per_process = self.dataloader.batch_size
        at_once = per_process * get_world_size()
        num = max(round(total / at_once), 1)
        if num * at_once != total:
            print_log(
                f'total_batch_size={total} can not be reached with '
                f'{get_world_size()} process(es) of batch_size={per_process}: '
                f'each step takes {num * at_once} images. The recipe was made '
                f'for {total}: choose a batch_size whose product with the '
                'number of processes divides it.',
                logger='current',
                level=logging.WARNING,
            )
        return num

    def _let_wrapper_accumulate(self) -> None:
        """Tell the optimiser wrapper, which the runner builds next."""
        config = self.runner.optim_wrapper
        if config.get('accumulative_counts', 1) != 1:
            raise ValueError(
                'set either train_cfg.total_batch_size or optim_wrapper.'
                f'accumulative_counts={config["accumulative_counts"]}, '
                'not both'
            )
        config['accumulative_counts'] = self.num_batches

    def run(self):
        """Launch training; counts batches where the wrapper does."""
        self.runner.optim_wrapper.initialize_count_status(
            self.runner.model,
            self._iter * self.num_batches,
            self._max_iters * self.num_batches,
        )
        return super().run()

    def run_iter(self, data_batch) -> None:
        """One optimiser step.

        Args:
            data_batch (dict | list[dict]): A batch, or the batches whose
                gradients are accumulated.
        """
        if self.num_batches == 1:
            super().run_iter(data_batch)
            return
        runner = self.runner
        runner.call_hook(
            'before_train_iter', batch_idx=self._iter, data_batch=data_batch
        )
        steps = [
            runner.model.train_step(batch, optim_wrapper=runner.optim_wrapper)
            for batch in data_batch
        ]
        outputs = {
            name: sum(step[name] for step in steps) / len(steps)
            for name in steps[0]
        }
        runner.call_hook(
            'after_train_iter',
            batch_idx=self._iter,
            data_batch=data_batch,
            outputs=outputs,
        )
        self._iter += 1
