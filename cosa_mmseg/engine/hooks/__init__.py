"""Hooks: what happens between iterations."""

from .assignment_ema_hook import AssignmentEMAHook
from .checkpoint_fit_hook import CheckpointFitHook, find_misfit
from .non_finite_loss_hook import NonFiniteLossError, NonFiniteLossHook
from .safe_checkpoint_hook import SafeCheckpointHook

__all__ = [
    'AssignmentEMAHook',
    'CheckpointFitHook',
    'NonFiniteLossError',
    'NonFiniteLossHook',
    'SafeCheckpointHook',
    'find_misfit',
]
