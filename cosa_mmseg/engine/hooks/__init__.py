"""Hooks: what happens between iterations."""

from .assignment_ema_hook import AssignmentEMAHook
from .checkpoint_fit_hook import CheckpointFitHook, check_fit, find_misfit
from .cosa_visualization_hook import CoSAVisualizationHook
from .non_finite_loss_hook import NonFiniteLossError, NonFiniteLossHook
from .precision_hook import PrecisionHook
from .report_hook import ReportHook
from .safe_checkpoint_hook import SafeCheckpointHook

__all__ = [
    'AssignmentEMAHook',
    'CheckpointFitHook',
    'CoSAVisualizationHook',
    'NonFiniteLossError',
    'NonFiniteLossHook',
    'PrecisionHook',
    'ReportHook',
    'SafeCheckpointHook',
    'check_fit',
    'find_misfit',
]
