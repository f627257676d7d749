"""Training: loop, hooks, optimisers, schedules."""

from . import hooks, loops, optim, schedulers
from .full_disk_vis_backend import FullDiskVisBackend
from .iteration_wandb_vis_backend import IterationWandbVisBackend

__all__ = [
    'FullDiskVisBackend',
    'IterationWandbVisBackend',
    'hooks',
    'loops',
    'optim',
    'schedulers',
]
