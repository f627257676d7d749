import math

import pytest
import torch
from mmpretrain.evaluation import AveragePrecision

from cosa_mmseg.evaluation import ClassificationMetric
from tests import golden

from .samples import random_sample


def evaluate(scores, labels):
    metric = ClassificationMetric()
    for score, label in zip(scores, labels, strict=True):
        sample = dict(
            pred_label=dict(score=score),
            gt_label=dict(label=label.nonzero()[:, 0]),
        )
        metric.process({}, [sample])
    return metric.evaluate(len(scores))


def test_equals_mmpretrain_where_every_class_is_shown():
    scores = torch.rand(50, 6)
    labels = (torch.rand(50, 6) < 0.3).long()
    assert labels.any(0).all()
    expected = AveragePrecision.calculate(scores, labels).item()
    got = evaluate(scores, labels)
    assert got['cls_mAP'] == pytest.approx(expected, abs=0.006)
    assert got.keys() == {'cls_mAP', 'cls_image_mAP'}


def test_by_hand():
    scores = torch.tensor([[0.9, 0.2, 0.5], [0.6, 0.7, 0.4], [0.7, 0.1, 0.3]])
    labels = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 0, 0]])
    # Class 0: images in the order 0, 2, 1, true at ranks 1 and 3. Class 1:
    # image 1 comes first. No image shows class 2, which does not count.
    by_class = ((1 + 2 / 3) / 2 + 1) / 2
    got = evaluate(scores, labels)
    assert got['cls_mAP'] == pytest.approx(100 * by_class, abs=0.006)
    # images 0 and 1 rank their classes first; image 2 shows none
    assert got['cls_image_mAP'] == 100


def test_golden_image_precision():
    data = golden.load_tensors('evaluation_metrics')
    got = evaluate(data['map_in_scores'], data['map_in_labels'])
    expected = 100 * data['map_out'].mean().item()
    assert got['cls_image_mAP'] == pytest.approx(expected, abs=0.006)


def test_nothing_to_rank_is_nan():
    scores = evaluate(torch.rand(2, 3), torch.zeros(2, 3))
    assert all(math.isnan(value) for value in scores.values())


@pytest.mark.parametrize('name', ['gt_label', 'pred_label'])
def test_refuses_sample_without(name):
    sample = random_sample(7)
    del sample[name]
    message = f"ClassificationMetric needs `{name}`, which image '7'"
    with pytest.raises(ValueError, match=message):
        ClassificationMetric().process({}, [sample])
