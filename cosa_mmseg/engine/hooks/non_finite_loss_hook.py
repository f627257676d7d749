"""Stops a run at a loss that is not finite."""

import math
import os.path as osp
import shlex
from typing import TYPE_CHECKING, Any

import torch
from mmengine.dist import all_reduce, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from torch import Tensor, nn

from cosa_mmseg.utils.bare_model import bare_model
from cosa_mmseg.utils.host import HostCopy

if TYPE_CHECKING:
    from cosa_mmseg.engine.replay import StepRecord

REPLAY = 'cosa replay'


class NonFiniteLossError(RuntimeError):
    """A loss is NaN or infinite; the message says where and what to do."""


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Stop at a loss that is NaN or infinite, before anything learns of it.

    The error names the iteration (as the log counts), the process, the loss
    and the files of the batch. A file in the work dir, a :class:`StepDump`,
    holds what ``cosa replay`` needs beside the config to compute the step
    again: state of both networks and of the thresholds before it, batch and
    random numbers.

    The losses of each batch are checked. On a CPU that is before its backward
    pass; on a GPU the losses travel to the host during the backward pass and
    are checked before the optimiser's step, so that the GPU has the backward
    pass to do whenever the host waits. Neither the parameters nor the
    optimiser nor the assignment network have then been touched. Between steps
    the hook keeps a copy of the model's buffers, and during one its batch. Of
    several processes all stop, so that none saves a checkpoint of what the
    others broke.

    Gradients are not checked: those that overflow in fp16 are normal, and
    left out by mmengine's ``AmpOptimWrapper``.
    """

    priority = 'HIGH'  # before AssignmentEMAHook

    def __init__(self) -> None:
        self._handles: list[Any] = []
        self._record: StepRecord | None = None
        self._names: list[str] = []
        self._losses: HostCopy | None = None

    def before_train(self, runner) -> None:
        """Follow the calls of the model and of the optimiser."""
        bare: nn.Module = bare_model(runner.model)
        self._runner = runner

        def before_step(*_: Any) -> None:
            self._check_losses()

        self._handles = [
            bare.register_forward_pre_hook(self._start, with_kwargs=True),
            bare.register_forward_hook(self._take, with_kwargs=True),
            runner.optim_wrapper.optimizer.register_step_pre_hook(before_step),
        ]

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Look where the optimiser left out its step; forget the batch."""
        self._check_losses()
        if self._record is not None:
            self._record.forget()

    def after_train(self, runner) -> None:
        """Let go of the model."""
        while self._handles:
            self._handles.pop().remove()
        self._record = None

    def _start(self, model: nn.Module, args: tuple, kwargs: dict) -> None:
        """A forward pass begins."""
        if kwargs.get('mode') != 'loss':
            return
        self._check_losses()  # at the batch before, if several make a step
        if self._record is None:
            from cosa_mmseg.engine.replay import StepRecord

            self._record = StepRecord(model)
        self._record.start(args, kwargs)

    def _take(
        self, model: nn.Module, args: tuple, kwargs: dict, output: Any
    ) -> None:
        """It ends: send its losses to the host."""
        if kwargs.get('mode') != 'loss':
            return
        losses = loss_terms(output)
        self._names = list(losses)
        own = torch.stack(list(losses.values()))
        of_all = own.sum()  # one that is not finite makes the sum so
        all_reduce(of_all)
        self._losses = HostCopy(torch.cat([own, of_all[None]]))
        if self._losses.is_here:
            self._check_losses()

    def _check_losses(self) -> None:
        """Raise if a loss that is on its way is not finite."""
        if self._losses is None:
            return
        *own, of_all = self._losses.wait().tolist()
        self._losses = None
        if not all(map(math.isfinite, own)):
            self._stop(dict(zip(self._names, own, strict=True)))
        if not math.isfinite(of_all):
            raise NonFiniteLossError(
                'a loss of another process is not finite in iteration '
                f'{self._runner.iter + 1}: see what that process says'
            )

    def _stop(self, terms: dict[str, float]) -> None:
        """Dump the step and raise."""
        assert self._record is not None
        runner, rank, world_size = self._runner, get_rank(), get_world_size()
        bad = [
            f'{name} is {value}'
            for name, value in terms.items()
            if not math.isfinite(value)
        ]
        iteration = runner.iter + 1
        path = osp.join(
            runner.work_dir, f'non_finite_iter_{iteration}_rank_{rank}.dump'
        )
        config = osp.basename(runner.cfg.filename or 'CONFIG')
        command = shlex.join([osp.join(runner.work_dir, config), path])
        dump = self._record.dump(
            iteration=runner.iter,
            max_iters=runner.max_iters,
            rank=rank,
            world_size=world_size,
            terms=terms,
            dtype=_product_dtype(runner),
        )
        try:
            dump.save(path)
            written = (
                f'To see it again, and where it begins: {REPLAY} {command}'
            )
        except (OSError, RuntimeError) as err:  # torch's is a RuntimeError
            written = f'The step could not be written to {path}: {err}'
        raise NonFiniteLossError(
            f'{", ".join(bad)} in iteration {iteration}'
            + (f', process {rank}' if world_size > 1 else '')
            + f', on the images {", ".join(self._record.images)}; nothing was '
            f'updated. {written}'
        )


def loss_terms(output: dict[str, Any]) -> dict[str, Tensor]:
    """Return the losses among what a model returns, as mmengine adds them up.

    Args:
        output (dict): Tensors, or lists of them, by name.

    Returns:
        dict[str, Tensor]: 0-d, float32, without gradient; those whose name
        holds ``'loss'``.
    """
    terms = {}
    for name, value in output.items():
        if 'loss' in name:
            parts = [value] if isinstance(value, Tensor) else value
            means = [part.detach().float().mean() for part in parts]
            terms[name] = torch.stack(means).sum()
    return terms


def _product_dtype(runner) -> str:
    """Return the type in which a model multiplies matrices."""
    device = next(runner.model.parameters()).device
    one = torch.ones(1, 1, device=device)
    with runner.optim_wrapper.optim_context(runner.model):
        return str((one @ one).dtype).removeprefix('torch.')
