"""A training step in a file, to be computed again."""

from .dump import StepDump
from .plain import (
    from_plain,
    to_plain,
)
from .record import StepRecord

__all__ = ['StepDump', 'StepRecord', 'from_plain', 'to_plain']
