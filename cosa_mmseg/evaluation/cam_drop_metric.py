"""Scores of CAMs that take no masks."""

import logging
from collections.abc import Sequence

import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.registry import METRICS

from .sample_fields import read_field

NAMES = ('cam', 'cam_aux')
FIELDS = ('label', 'score', 'inside', 'outside', 'agreement')
LEAST = 5  # pictures of a class, fewer may be chance


@METRICS.register_module()
class CAMDropMetric(BaseMetric):
    """What the classifier loses where only a part of the picture is left.

    With Y the probability of a class in the picture and O that in the picture
    times the class's CAM, over all pictures and classes that they show:

    - ``cam_average_drop``: mean of max(0, Y - O) / Y, in percent; a Y of 0
      has nothing to lose.  Low where the CAM holds what the classifier needs;
      0 for a CAM that is 1 everywhere.
    - ``cam_average_increase``: share with O > Y, in percent.
    - ``cam_outside_drop``: the drop of what the CAM leaves, the picture times
      1 - CAM.  High where nothing that tells the class is outside.

    ``cam_aux_...`` are those of the auxiliary CAM; the main classifier judges
    both.

    - ``cam_agreement``: mean correlation of the pixels of both CAMs, in
      percent; a constant CAM correlates with none, and is left out.  A
      warning names classes, of at least 5 pictures, where it is below 0: one
      of their CAMs is inverted, low on the object.

    Reads the fields of ``model.test_cfg.cam_drop=True``.

    Source: Chattopadhay et al., Grad-CAM++, WACV 2018, section 5.1; the drop
    outside: ours.
    """

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep five numbers of both CAMs for each class of an image."""
        for sample in data_samples:
            self.results.append(
                {
                    name: torch.stack(
                        [
                            read_field(sample, f'pred_{name}_drop', key, self)
                            .float()
                            .cpu()
                            for key in FIELDS
                        ]
                    )
                    for name in NAMES
                }
            )

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Return the scores; NaN where no image shows a class."""
        scores = {}
        for name in NAMES:
            values = torch.cat([rows[name] for rows in results], 1)
            label, score, inside, outside, agreement = values
            least = score.clamp(min=torch.finfo(score.dtype).tiny)
            for key, found in (
                ('average_drop', (score - inside).clamp(min=0) / least),
                ('average_increase', (inside > score).float()),
                ('outside_drop', (score - outside).clamp(min=0) / least),
            ):
                scores[f'{name}_{key}'] = _percent(found)
        known = ~agreement.isnan()
        scores['cam_agreement'] = _percent(agreement[known])
        self._warn(label[known].long(), agreement[known])
        return scores

    def _warn(self, label: torch.Tensor, agreement: torch.Tensor) -> None:
        """Name the classes of which a CAM is low where the class is."""
        names = self.dataset_meta['classes'][1:]
        found = {i: agreement[label == i] for i in label.unique().tolist()}
        inverted = [
            names[class_id]
            for class_id, values in found.items()
            if len(values) >= LEAST and values.mean() < 0
        ]
        if inverted:
            print_log(
                'The main and the auxiliary CAM contradict each other for '
                f'{", ".join(inverted)}: one of them is inverted, low where '
                'the class is, most often the auxiliary one. Pseudo labels '
                'of these classes are wrong: look at the CAMs (cosa cams '
                'draws the main one), take a later layer for the auxiliary '
                'CAM, or train the warm-up longer.',
                'current',
                logging.WARNING,
            )


def _percent(values: torch.Tensor) -> float:
    """Return a mean as a percentage with two decimals."""
    return round(100 * values.mean().item(), 2)
