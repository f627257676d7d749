"""What a training did, on one page."""

from .page import write_report
from .record import (
    RunInfo,
    TrainingRecord,
    read_training,
)

__all__ = ['RunInfo', 'TrainingRecord', 'read_training', 'write_report']
