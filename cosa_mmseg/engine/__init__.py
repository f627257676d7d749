"""How a model is trained: loop, hooks, optimisers, schedules."""

from .full_disk_vis_backend import FullDiskVisBackend
from .hooks import AssignmentEMAHook
from .iteration_wandb_vis_backend import IterationWandbVisBackend
from .loops import TotalBatchTrainLoop
from .optim import AutoPrecisionOptimWrapper, BFloat16OptimWrapper
from .schedulers import WarmupPolyLR

__all__ = [
    'AssignmentEMAHook',
    'AutoPrecisionOptimWrapper',
    'BFloat16OptimWrapper',
    'FullDiskVisBackend',
    'IterationWandbVisBackend',
    'TotalBatchTrainLoop',
    'WarmupPolyLR',
]
