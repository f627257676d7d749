"""The train loop with a clock."""

from typing import Any

from mmengine.registry import LOOPS

from cosa_mmseg.engine.loops import TotalBatchTrainLoop

from .measurement import Measurement
from .parts import (
    DATA,
    step_calls,
)


class _TimedBatches:
    """Iterator that begins a step whenever it is asked for data."""

    def __init__(self, iterator: Any, measurement: Measurement) -> None:
        self.iterator = iterator
        self.measurement = measurement

    def __next__(self) -> Any:
        self.measurement.begin_step()
        with self.measurement.recorder.part(DATA):
            return next(self.iterator)


@LOOPS.register_module()
class TimedTrainLoop(TotalBatchTrainLoop):
    """Takes the first steps of a training apart, then stops.

    A step lasts from asking for data to the end of ``run_iter``.  At its end
    the loop waits for the device, so that steps do not overlap, and times a
    unit.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader | dict): As of :class:`TotalBatchTrainLoop`.
        warmup (int): Steps before the counted ones.
        iters (int): Steps that are counted.
        max_iters (int): Steps of the whole training, for its schedule.
        **kwargs: Other arguments of :class:`TotalBatchTrainLoop`.

    Attributes:
        measurement (Measurement): What was measured.
    """

    def __init__(
        self,
        runner,
        dataloader,
        warmup: int,
        iters: int,
        **kwargs,
    ) -> None:
        super().__init__(runner, dataloader, **kwargs)
        self.num_steps = warmup + iters
        self.measurement = Measurement(warmup)
        self.dataloader_iterator = _TimedBatches(
            self.dataloader_iterator, self.measurement
        )

    def run(self):
        """Launch training with the parts of its steps timed."""
        with self.measurement.timed(step_calls(self.runner)):
            return super().run()

    def run_iter(self, data_batch) -> None:
        """One step, and a unit.

        Args:
            data_batch (dict | list[dict]): A batch, or the batches whose
                gradients are accumulated.
        """
        super().run_iter(data_batch)
        self.measurement.end_step()
        self.stop_training = self.iter == self.num_steps
