"""A report: a training on one page."""

from .page import write_report
from .record import read_training

__all__ = ['read_training', 'write_report']
