"""Optimiser wrappers and their constructor."""

from .bfloat16_optim_wrapper import BFloat16OptimWrapper
from .grouped_optim_wrapper_constructor import GroupedOptimWrapperConstructor

__all__ = ['BFloat16OptimWrapper', 'GroupedOptimWrapperConstructor']
