"""A training step in a file, to be computed again."""

from .dump import StepDump
from .record import StepRecord

__all__ = ['StepDump', 'StepRecord']
