"""A few training steps, and whether they train."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import torch
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from torch import nn

from cosa_mmseg.models import CoSA
from tools.lab.benchmark.clock import (
    Clock,
    CudaClock,
    ProcessClock,
)

# Of its largest value: a CAM that varies less over an image is constant.
_LEAST_RANGE = 1e-3


@dataclass(frozen=True)
class Trial:
    """What was seen in a few steps on one batch.

    Attributes:
        losses: Total loss of each step.
        gradients: Norm of the gradient of the backbone's first convolution
            in each step.
        seconds: Of each step; on a CPU those that all threads computed.
        cam_range: Of the class whose main CAM varies most over an image,
            its range as a share of its largest absolute value.
    """

    losses: list[float]
    gradients: list[float]
    seconds: list[float]
    cam_range: float

    @property
    def problems(self) -> list[str]:
        """What speaks against it that this trains; empty if nothing does."""
        checks = {
            'a loss is not finite': not _all_finite(self.losses),
            'the loss does not fall': not self.last_loss < self.first_loss,
            'no gradient reaches the first layer': not self.gradients
            or not _all_finite(self.gradients)
            or min(self.gradients) == 0,
            'the CAM is constant': not self.cam_range > _LEAST_RANGE,
        }
        return [text for text, is_so in checks.items() if is_so]

    @property
    def first_loss(self) -> float:
        """Mean of the first quarter of the steps."""
        return _mean(self.losses[: self._quarter])

    @property
    def last_loss(self) -> float:
        """Mean of the last quarter of the steps."""
        return _mean(self.losses[-self._quarter :])

    @property
    def _quarter(self) -> int:
        return math.ceil(len(self.losses) / 4)


def try_training(
    model: CoSA,
    optim_wrapper: OptimWrapper,
    hooks: Sequence[Hook],
    batch: dict,
    iters: int,
) -> Trial:
    """Take the same training step again and again.

    Args:
        model (CoSA): With its initial weights; trained.
        optim_wrapper (OptimWrapper): On its parameters.
        hooks (Sequence[Hook]): Called after each step.
        batch (dict): A collated batch of the data set.
        iters (int): Steps.
    """
    on_gpu = torch.cuda.is_available()
    clock: Clock = CudaClock() if on_gpu else ProcessClock()
    runner = SimpleNamespace(model=model, optim_wrapper=optim_wrapper)
    gradients: list[torch.Tensor] = []
    watched = _first_convolution(model.online.backbone).weight
    handle = watched.register_hook(lambda grad: gradients.append(grad.norm()))
    model.train()
    losses, marks = [], [clock.mark()]
    for i in range(iters):
        loss = model.train_step(batch, optim_wrapper)['loss']
        losses.append(loss.detach())
        for hook in hooks:
            hook.after_train_iter(runner, i, batch)
        marks.append(clock.mark())
    handle.remove()
    return Trial(
        losses=[float(loss) for loss in losses],
        gradients=[float(norm) for norm in gradients],
        seconds=clock.seconds(marks),
        cam_range=_cam_range(model, batch),
    )


def _first_convolution(backbone: nn.Module) -> nn.Conv2d:
    """The patch embedding of a transformer, the stem of a CNN."""
    return next(m for m in backbone.modules() if isinstance(m, nn.Conv2d))


@torch.no_grad()
def _cam_range(model: CoSA, batch: dict) -> float:
    """How much the assignment network's main CAM varies."""
    img = model.data_preprocessor(batch, True)['inputs']['weak']
    cam = model.assignment.forward_heads(img).cam.flatten(2)  # (N, C, h * w)
    span = cam.amax(-1) - cam.amin(-1)
    return float((span / cam.abs().amax(-1).clamp_min(1e-12)).max())


def _all_finite(values: Sequence[float]) -> bool:
    return all(map(math.isfinite, values))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
