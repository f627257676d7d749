"""Where the time of training and prediction goes."""

from .inference import (
    InferenceSettings,
    benchmark_inference,
)
from .loop import TimedTrainLoop
from .step import (
    StepSettings,
    benchmark_step,
)
from .synthetic_images import SyntheticImages
from .table import (
    inference_table,
    step_table,
)

__all__ = [
    'InferenceSettings',
    'StepSettings',
    'SyntheticImages',
    'TimedTrainLoop',
    'benchmark_inference',
    'benchmark_step',
    'inference_table',
    'step_table',
]
