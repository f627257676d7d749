"""Scores of CAMs that take no masks."""

import logging
from collections.abc import Sequence

import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.registry import METRICS

from .sample_fields import read_field

FIELDS = ('label', 'score', 'inside', 'outside')
LEAST = 5  # pictures of a class, fewer may be chance


@METRICS.register_module()
class CAMDropMetric(BaseMetric):
    """What the classifier loses where only a part of the picture is left.

    With Y the probability of a class in the picture and O that in the picture
    times the class's CAM, over all pictures and classes that they show:

    - ``cam_average_drop``: mean of max(0, Y - O) / Y, in percent.  Low where
      the CAM holds what the classifier needs; 0 for a CAM that is 1
      everywhere.
    - ``cam_average_increase``: share with O > Y, in percent.
    - ``cam_outside_drop``: the drop of what the CAM leaves, the picture times
      1 - CAM.  High where nothing that tells the class is outside.

    ``cam_aux_...`` are those of the auxiliary CAM; the main classifier judges
    both.  A warning names classes, of at least 5 pictures, whose CAM is
    inverted: the classifier finds more of them outside than inside.

    Reads the fields of ``model.test_cfg.cam_drop=True``.

    Source: Chattopadhay et al., Grad-CAM++, WACV 2018, section 5.1; the drop
    outside: ours.

    Args:
        collect_device: As of ``mmengine.evaluator.BaseMetric``.
        prefix: Likewise.
    """

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep four numbers for each class that an image shows."""
        for sample in data_samples:
            rows = {}
            for name in ('cam', 'cam_aux'):
                values = (
                    read_field(sample, f'pred_{name}_drop', key, self)
                    for key in FIELDS
                )
                rows[name] = torch.stack([v.float().cpu() for v in values], 1)
            self.results.append(rows)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Return the scores; NaN where no image shows a class."""
        scores = {}
        for name in ('cam', 'cam_aux'):
            label, score, inside, outside = torch.cat(
                [rows[name] for rows in results]
            ).unbind(1)
            drops = (
                100 * ((score - left).clamp(min=0) / score).mean().item()
                for left in (inside, outside)
            )
            average, outer = (round(drop, 2) for drop in drops)
            increase = 100 * (inside > score).float().mean().item()
            scores[f'{name}_average_drop'] = average
            scores[f'{name}_average_increase'] = round(increase, 2)
            scores[f'{name}_outside_drop'] = outer
            self._warn(name, label.long(), inside - outside)
        return scores

    def _warn(
        self, name: str, label: torch.Tensor, gain: torch.Tensor
    ) -> None:
        """Name the classes whose CAM is low where they are."""
        names = self.dataset_meta['classes'][1:]
        inverted = [
            names[class_id]
            for class_id in label.unique().tolist()
            if (label == class_id).sum() >= LEAST
            and gain[label == class_id].mean() < 0
        ]
        if inverted:
            which = 'auxiliary' if name == 'cam_aux' else 'main'
            print_log(
                f'The {which} CAM of {", ".join(inverted)} is inverted: the '
                'classifier finds more of the class where the CAM is low than '
                'where it is high. Pseudo labels of these classes are wrong: '
                'look at the CAMs (cosa cams), take another layer for the '
                'auxiliary CAM, or train the warm-up longer.',
                'current',
                logging.WARNING,
            )
