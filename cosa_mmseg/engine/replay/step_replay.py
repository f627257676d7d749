"""Compute the step of a dump again."""

import math
import warnings
from dataclasses import dataclass

import torch
from mmengine.logging import MessageHub
from mmengine.model import BaseModel, revert_sync_batchnorm

from cosa_mmseg.engine.hooks.non_finite_loss_hook import loss_terms

from .dump import StepDump
from .origin import Origin, outer_lines, trace_origin
from .tensors import is_finite


@dataclass(frozen=True)
class Replay:
    """The result.

    Attributes:
        terms: Each loss.
        state: What was not finite in the model before the step, names.
        origin: Where losses stop being finite.
        backward: The operation whose gradient is NaN, if the losses are
            finite.
        gradients: Parameters whose gradient is not finite, likewise.
    """

    terms: dict[str, float]
    state: list[str]
    origin: Origin
    backward: str | None
    gradients: list[str]

    @property
    def is_finite(self) -> bool:
        """Return True if losses and gradients are."""
        finite = all(map(math.isfinite, self.terms.values()))
        return finite and self.backward is None and not self.gradients


def replay(dump: StepDump, model: BaseModel, device: torch.device) -> Replay:
    """Compute the losses and, if they are finite, the gradients.

    Args:
        dump (StepDump): The step, on the device.
        model (BaseModel): Built of the run's config; its state is replaced.
        device (torch.device): Where. Random numbers, such as those of a
            dropout, are the run's on the kind of device that it ran on.

    Returns:
        Replay: The result.

    Raises:
        ValueError: The state or the batch in the dump does not fit the model.
    """
    model = revert_sync_batchnorm(model).to(device).train()
    for module in model.modules():
        module._compiled_call_impl = None  # its operations cannot be seen
    try:
        model.load_state_dict(dump.state)
    except Exception as err:  # modules that take a state raise many kinds
        first = str(err).splitlines()[-1:] or [type(err).__name__]
        raise ValueError(
            'the state in the dump does not fit the model of the config: '
            f'{first[0].strip()[:200]}'
        ) from err
    backward: str | None = None
    gradients: list[str] = []
    try:
        losses, origin = _forward(model, dump, device)
        terms = {name: float(x) for name, x in loss_terms(losses).items()}
        if all(map(math.isfinite, terms.values())):
            backward, gradients = _backward(model, losses)
    except Exception as err:  # whatever a model raises for a strange batch
        raise ValueError(
            'the model of the config cannot be called with the batch in the '
            f'dump: {type(err).__name__}: {err}'
        ) from err
    state = [name for name, x in dump.state.items() if not is_finite(x)]
    return Replay(terms, state, origin, backward, gradients)


def _forward(
    model: BaseModel, dump: StepDump, device: torch.device
) -> tuple[dict, Origin]:
    """Return the losses as the model does, and where they begin."""
    MessageHub.get_instance('replay').update_info('iter', dump.iteration)
    model.iteration, model.max_iters = dump.iteration, dump.max_iters
    torch.set_rng_state(dump.random['cpu'])
    if device.type == 'cuda' and 'cuda' in dump.random:
        torch.cuda.set_rng_state(dump.random['cuda'])
    dtype = getattr(torch, dump.dtype)
    half = dtype in (torch.float16, torch.bfloat16)
    with (
        warnings.catch_warnings(),
        trace_origin(model) as origin,
        torch.autocast(device.type, dtype if half else None, enabled=half),
    ):
        warnings.simplefilter('ignore')  # that it takes longer
        # for the lines of the backward pass
        with torch.autograd.detect_anomaly(check_nan=False):
            losses = model(*dump.call['args'], **dump.call['kwargs'])
    return losses, origin


def _backward(model: BaseModel, losses: dict) -> tuple[str | None, list[str]]:
    """Return what is not finite in the backward pass, if anything."""
    total, _ = model.parse_losses(losses)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        try:
            with torch.autograd.detect_anomaly():
                total.backward()
        except RuntimeError as err:
            lines = outer_lines(''.join(str(w.message) for w in caught))
            return f'{err} {lines[-1] if lines else ""}', []
    names = [n for n, p in model.named_parameters() if not is_finite(p.grad)]
    return None, names
