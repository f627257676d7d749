"""How a model is trained: loop, hooks, schedules."""

from .hooks import AssignmentEMAHook
from .loops import TotalBatchTrainLoop
from .schedulers import WarmupPolyLR

__all__ = ['AssignmentEMAHook', 'TotalBatchTrainLoop', 'WarmupPolyLR']
