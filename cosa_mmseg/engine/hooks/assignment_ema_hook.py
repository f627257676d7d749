"""The only writer of the assignment network, which also tells the time."""

from collections.abc import Iterator
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from cosa_mmseg.models.ops.checks import check_range
from cosa_mmseg.utils.bare_model import bare_model

from .checkpoint_fit_hook import FITTED

_ASSIGNMENT = 'assignment.'  # how the names of its state begin


@HOOKS.register_module()
class AssignmentEMAHook(Hook):
    r"""Assignment network = moving average of the online network.

    After each optimiser step ``AN <- (1 - m) * AN + m * ON``, for parameters
    and floating-point buffers; other buffers are copied.  A buffer whose shape
    differs is one that the network makes for the size of its images, such as
    the rotary embedding of EVA-02, and is left alone.  ``m`` is counted in
    mmengine's direction: the paper's .9994 is ``m = 6e-4``.

    Running statistics of a BatchNorm that has seen k < 1/m batches move by
    1/k instead: they are the plain mean of the online network's, without the
    (0, 1) that an untrained layer starts with, which would stay in them for
    thousands of iterations (ours; a ViT has none).

    Before each iteration the model is told its number, ``model.iteration``,
    and that of all, ``model.max_iters``, on which the warm-up hangs.

    The assignment network starts as a copy of the online network but for what
    a checkpoint brought of it: heads for other classes than the checkpoint's
    are copies.  It is part of the model's state, so checkpoints hold and
    restore it.

    Args:
        momentum (float): ``m``, in [0, 1].
        copy_at_start (bool): False keeps the assignment network's own initial
            weights, as the released code does for its heads.

    Raises:
        ValueError: If ``momentum`` is outside [0, 1].
    """

    priority = 'NORMAL'  # before CheckpointHook

    def __init__(
        self, momentum: float = 6e-4, copy_at_start: bool = True
    ) -> None:
        check_range('[0, 1]', momentum=momentum)
        self.momentum = momentum
        self.copy_at_start = copy_at_start
        self._loaded: dict[str, torch.Size] = {}

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Remember what the checkpoint holds of the assignment network."""
        state = checkpoint.get('state_dict', checkpoint)
        self._loaded = {
            name.removeprefix(_ASSIGNMENT): value.shape
            for name, value in state.items()
            if name.startswith(_ASSIGNMENT)
        }

    @torch.no_grad()
    def before_train(self, runner) -> None:
        """Copy the online network, but for what was loaded."""
        if not self.copy_at_start:
            return
        bare = bare_model(runner.model)
        new = bare.online.state_dict()
        for name, tensor in bare.assignment.state_dict().items():
            shape = self._loaded.get(name)
            is_loaded = shape == tensor.shape or shape and FITTED.search(name)
            if not is_loaded and tensor.shape == new[name].shape:
                tensor.copy_(new[name])

    def before_train_iter(
        self, runner, batch_idx: int, data_batch=None
    ) -> None:
        """Hand the number of the iteration to the model."""
        model = bare_model(runner.model)
        model.iteration, model.max_iters = runner.iter, runner.max_iters

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Move towards the online network, if it was just updated."""
        if runner.optim_wrapper.should_update():
            self._update(bare_model(runner.model), self.momentum)

    @staticmethod
    @torch.no_grad()
    def _update(bare: Any, momentum: float) -> None:
        """``AN <- (1 - momentum) * AN + momentum * ON``."""
        new = bare.online.state_dict()
        old = {
            name: tensor
            for name, tensor in bare.assignment.state_dict().items()
            if tensor.shape == new[name].shape
        }
        for name, share in _batch_norm_shares(bare.online, momentum):
            old.pop(name).lerp_(new[name], share)
        floating = [name for name in old if old[name].is_floating_point()]
        torch._foreach_lerp_(
            [old[name] for name in floating],
            [new[name] for name in floating],
            momentum,
        )
        for name in old.keys() - set(floating):
            old[name].copy_(new[name])


def _batch_norm_shares(
    network: nn.Module, momentum: float
) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield names of running statistics and how far to move each, 0-d."""
    for name, layer in network.named_modules():
        if isinstance(layer, _BatchNorm) and layer.track_running_stats:
            count: Any = layer.num_batches_tracked
            share = (1 / count).clamp(momentum, 1)
            yield f'{name}.running_mean', share
            yield f'{name}.running_var', share
