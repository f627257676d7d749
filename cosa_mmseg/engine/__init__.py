"""How a model is trained: loop, hooks, optimisers, schedules."""

from .hooks import AssignmentEMAHook
from .loops import TotalBatchTrainLoop
from .optim import BFloat16OptimWrapper
from .schedulers import WarmupPolyLR

__all__ = [
    'AssignmentEMAHook',
    'BFloat16OptimWrapper',
    'TotalBatchTrainLoop',
    'WarmupPolyLR',
]
