"""Scores of the online network beside those of the assignment network."""

from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import Evaluator
from mmengine.logging import print_log
from mmengine.registry import METRICS

from cosa_mmseg.models.segmentors.dual_stream import ONLINE


@METRICS.register_module()
class OnlineNetworkMetric:
    """Any metrics of the online network, each key with ``online_`` before it.

    Stands in a list of metrics.  The online network's predictions are those
    fields of a data sample whose names begin with ``online_``; they are
    there if ``model.test_cfg.network='both'``.  If they are not, there is no
    score and no cost, so that one setting switches the online network's
    scores on.

    Args:
        metrics: Configs of the metrics, as they are for the assignment
            network.
    """

    def __init__(self, metrics: Sequence[dict]) -> None:
        self.evaluator = Evaluator(metrics)
        self.has_predictions = False

    @property
    def dataset_meta(self) -> dict | None:
        """dict, optional: Meta information of the data set."""
        return self.evaluator.dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        self.evaluator.dataset_meta = dataset_meta

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Hand a batch of the online network's predictions on."""
        if any(f'{ONLINE}pred_sem_seg' in sample for sample in data_samples):
            self.has_predictions = True
            online = [_online_fields(sample) for sample in data_samples]
            self.evaluator.process(online, data_batch)

    def evaluate(self, size: int) -> dict[str, float]:
        """Return the scores of all processes' images.

        Args:
            size: Number of images of the dataset.
        """
        if not self.has_predictions:
            return {}
        self.has_predictions = False
        print_log('online network:', 'current')
        scores = self.evaluator.evaluate(size)
        return {f'{ONLINE}{key}': value for key, value in scores.items()}


def _online_fields(sample: dict) -> dict:
    """Return the sample with the fields of the online network."""
    online = {
        name.removeprefix(ONLINE): field
        for name, field in sample.items()
        if name.startswith(ONLINE)
    }
    return {**sample, **online}
