"""Train loops."""

from .total_batch_train_loop import TotalBatchTrainLoop

__all__ = ['TotalBatchTrainLoop']
