"""The table of the classes."""

import pytest
import torch

from cosa_mmseg.evaluation import segmentation_scores
from cosa_mmseg.visualization.report.classes import class_scores

CLASSES = ['background', 'boat', '<b>cat</b>', 'never']
MATRIX = [[80, 15, 5, 0], [40, 50, 10, 0], [0, 0, 100, 0], [0, 0, 0, 0]]


def test_worst_first_with_what_they_are_confused_with():
    scores = class_scores(MATRIX, CLASSES)
    assert [s.name for s in scores] == [
        'boat',
        'background',
        '<b>cat</b>',
        'never',
    ]
    boat = scores[0]
    assert boat.iou == pytest.approx(50 / 115)
    assert (boat.recall, boat.frequency) == (0.5, pytest.approx(1 / 3))
    assert boat.precision == pytest.approx(50 / 65)
    assert boat.taken_for == [('background', 0.4), ('<b>cat</b>', 0.1)]
    assert boat.truly == [('background', pytest.approx(15 / 65))]
    assert scores[-1].iou != scores[-1].iou
    assert scores[-1].taken_for == scores[-1].truly == []


def test_iou_is_that_of_the_evaluation():
    m = torch.tensor(MATRIX)
    expected = segmentation_scores(m.diag(), m.sum(0), m.sum(1)).iou
    by_name = {s.name: s.iou for s in class_scores(MATRIX, CLASSES)}
    assert [by_name[c] for c in CLASSES[:3]] == expected[:3].tolist()
