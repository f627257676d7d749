"""Optimiser wrappers and their constructor."""

from .auto_precision_optim_wrapper import AutoPrecisionOptimWrapper
from .bfloat16_optim_wrapper import BFloat16OptimWrapper
from .grouped_optim_wrapper_constructor import GroupedOptimWrapperConstructor

__all__ = [
    'AutoPrecisionOptimWrapper',
    'BFloat16OptimWrapper',
    'GroupedOptimWrapperConstructor',
]
