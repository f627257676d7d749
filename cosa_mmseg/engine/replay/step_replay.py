"""Computes the step of a dump again."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.logging import MessageHub
from mmengine.model import BaseModel, revert_sync_batchnorm
from torch import Tensor

from cosa_mmseg.engine.hooks.non_finite_loss_hook import loss_terms

from .dump import StepDump
from .origin import (
    Origin,
    not_finite,
    outer_lines,
    watch_origin,
)
from .plain import from_plain
from .untrusted_config import build_model


@dataclass(frozen=True)
class Replay:
    """What came out.

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
        """Whether losses and gradients are."""
        finite = all(map(math.isfinite, self.terms.values()))
        return finite and self.backward is None and not self.gradients


def replay(dump: StepDump, device: torch.device) -> Replay:
    """Build the model, compute the losses and, if finite, the gradients.

    Args:
        dump (StepDump): The step.
        device (torch.device): Where. Random numbers, such as those of a
            dropout, are the run's on the kind of device that it ran on.

    Returns:
        Replay: What came out.

    Raises:
        ValueError: The dump has no config of a model, or one that cannot be
            built from what is registered, or its batch is none for it.
    """
    model = _build(dump).to(device).train()
    backward: str | None = None
    gradients: list[str] = []
    try:
        losses, origin = _forward(model, dump, device)
        terms = {name: float(x) for name, x in loss_terms(losses).items()}
        if all(map(math.isfinite, terms.values())):
            backward, gradients = _backward(model, losses)
    except Exception as err:  # whatever a model raises for a strange batch
        raise ValueError(
            "the dump's model cannot be called with its batch: "
            f'{type(err).__name__}: {err}'
        ) from err
    state = not_finite(dump.state)
    return Replay(terms, state, origin, backward, gradients)


def _forward(
    model: Any, dump: StepDump, device: torch.device
) -> tuple[dict, Origin]:
    """Losses as the model returns them, and where they begin."""
    MessageHub.get_instance('replay').update_info('iter', dump.iteration)
    model.iteration = dump.iteration
    call = from_plain(dump.call, device)
    _set_random_states(dump.random, device)
    dtype = getattr(torch, dump.dtype)
    half = dtype in (torch.float16, torch.bfloat16)
    with (
        warnings.catch_warnings(),
        watch_origin(model) as origin,
        torch.autocast(device.type, dtype if half else None, enabled=half),
    ):
        warnings.simplefilter('ignore')  # that it takes longer
        # for the lines of the backward pass
        with torch.autograd.detect_anomaly(check_nan=False):
            losses = model(*call['args'], **call['kwargs'])
    return losses, origin


def _backward(model: Any, losses: dict) -> tuple[str | None, list[str]]:
    """What is not finite in the backward pass, if anything."""
    total, _ = model.parse_losses(losses)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        try:
            with torch.autograd.detect_anomaly():
                total.backward()
        except RuntimeError as err:
            lines = outer_lines(''.join(str(w.message) for w in caught))
            return f'{err} {lines[-1] if lines else ""}', []
    gradients = {
        name: parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }
    return None, not_finite(gradients)


def _build(dump: StepDump) -> BaseModel:
    """The model with its state before the step."""
    config = dump.config.get('model')
    if not isinstance(config, dict) or not config:
        raise ValueError(
            'the dump has no `model` in its config: the run was not made from '
            'a config'
        )
    preprocessor = dump.config.get('data_preprocessor')
    if preprocessor:  # as the runner does
        config = {'data_preprocessor': preprocessor, **config}
    scope = dump.config.get('default_scope', 'mmengine')
    size = sum(tensor.numel() for tensor in dump.state.values())
    model = revert_sync_batchnorm(build_model(config, scope, size))
    try:
        model.load_state_dict(dump.state)
    except Exception as err:  # modules that take a state raise many kinds
        first = str(err).splitlines()[-1:] or [type(err).__name__]
        raise ValueError(
            "the state in the dump does not fit the dump's config: "
            f'{first[0].strip()[:200]}'
        ) from err
    return model


def _set_random_states(states: dict[str, Tensor], device: Any) -> None:
    torch.set_rng_state(states['cpu'])
    if device.type == 'cuda' and 'cuda' in states:
        torch.cuda.set_rng_state(states['cuda'])
