"""A process that is killed in the middle of a training."""

import os
import signal

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class DyingHook(Hook):
    """Kills one process of several before one of its iterations."""

    def __init__(self, rank, iteration):
        self.rank, self.iteration = rank, iteration

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if (get_rank(), runner.iter) == (self.rank, self.iteration):
            os.kill(os.getpid(), signal.SIGKILL)
