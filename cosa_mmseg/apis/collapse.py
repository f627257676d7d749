"""What is likely wrong with a model, as its predictions show it."""

from collections import Counter

import numpy as np

from .prediction import PicturePrediction
from .writer import LEAST_SCORE

LEAST = 5  # pictures, fewer may be chance


class CollapseWatch:
    """Counts predictions, and says at the end what looks like a collapse."""

    def __init__(self) -> None:
        self.num_pictures = self.num_empty = 0
        self.seen: Counter[str] = Counter()
        self.outlined: set[str] = set()

    def add(self, prediction: PicturePrediction) -> None:
        """Count a picture."""
        ids = np.unique(prediction.label_map).tolist()
        self.num_pictures += 1
        self.num_empty += ids == [0]
        self.outlined |= {prediction.classes[id_] for id_ in ids}
        scores = prediction.scores or {}
        self.seen.update(k for k, v in scores.items() if v > LEAST_SCORE)

    def warnings(self) -> list[str]:
        """Return sentences, each with a cause to look at."""
        if self.num_pictures < LEAST:
            return []
        if self.num_empty == self.num_pictures:
            return [
                f'all {self.num_pictures} predictions are background alone: '
                'the training was too short, or its CAM pseudo labels have no '
                'foreground (cpl_foreground in report.html; draw the CAMs '
                'with `cosa cams`)'
            ]
        never = [
            f'{name} ({number})'
            for name, number in sorted(self.seen.items())
            if number >= LEAST and name not in self.outlined
        ]
        if not never:
            return []
        return [
            'classes that the classifier sees in pictures (how many), and the '
            f'segmentation outlines in none: {", ".join(never)}; another '
            'class, or the background, takes their place: draw their CAMs '
            'with `cosa cams`, and see whether labels tell them apart with '
            '`cosa prepare labels`'
        ]
