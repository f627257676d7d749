import math

import numpy as np
import pytest
import torch

from cosa_mmseg.evaluation.functional import (
    confusion_matrix,
    image_average_precision,
    segmentation_scores,
    sweep_areas,
)
from tests import golden


def scores_of(matrix):
    return segmentation_scores(matrix.diag(), matrix.sum(0), matrix.sum(1))


@pytest.mark.parametrize(
    ('tag', 'pred_name', 'gt_name'),
    [
        ('scores', 'in_pred{}_mask', 'in_gt{}_mask'),
        ('pseudo_scores', 'in_pred_with_ignore{}_mask', 'in_gt{}_mask'),
        ('full_scores', 'full_in_pred_mask', 'full_in_gt_mask'),
    ],
)
def test_golden_scores(tag, pred_name, gt_name):
    data = golden.load('evaluation_metrics')
    num_classes = len(data[f'{tag}_iou'])
    matrix, index = 0, 0
    while gt_name.format(index) in data and (index == 0 or '{}' in gt_name):
        matrix = matrix + confusion_matrix(
            torch.from_numpy(data[pred_name.format(index)]),
            torch.from_numpy(data[gt_name.format(index)]),
            num_classes,
        )
        index += 1
    scores = scores_of(matrix)
    for name, value in scores._asdict().items():
        expected = data[f'{tag}_{name}'].squeeze()
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-13)


def test_golden_average_precision():
    data = golden.load_tensors('evaluation_metrics')
    value = image_average_precision(
        data['map_in_scores'], data['map_in_labels']
    )
    torch.testing.assert_close(value, data['map_out'], rtol=0, atol=1e-13)


def test_scores_by_hand():
    gt = torch.tensor([0, 0, 1, 1, 255])
    pred = torch.tensor([0, 1, 1, 2, 0])
    matrix = confusion_matrix(pred, gt, 4)
    assert matrix.tolist() == [
        [1, 1, 0, 0],
        [0, 1, 1, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
    ]
    scores = scores_of(matrix)
    np.testing.assert_allclose(scores.iou, [1 / 2, 1 / 3, 0, np.nan])
    # class 2 is predicted but never true: it does not count
    assert scores.miou == pytest.approx((1 / 2 + 1 / 3) / 2)


def test_scores_of_nothing_are_nan():
    nothing = torch.full((2, 2), 255)
    scores = scores_of(confusion_matrix(nothing, nothing, 3))
    assert math.isnan(scores.miou)


def test_confusion_matrix_refuses_other_shape():
    with pytest.raises(ValueError, match=r'\(3, 2\), got .*\(2, 3\)'):
        confusion_matrix(torch.zeros(2, 3), torch.zeros(3, 2), 2)


@pytest.mark.parametrize('wrong', [-1, 3, 90])
def test_confusion_matrix_refuses_unknown_class(wrong):
    ids = torch.tensor([0, wrong])
    with pytest.raises(ValueError, match=f'truth holds.*{wrong}'):
        confusion_matrix(torch.zeros_like(ids), ids, 3)
    with pytest.raises(ValueError, match=f'prediction holds.*{wrong}'):
        confusion_matrix(ids, torch.zeros_like(ids), 3)


def test_sweep_areas_equal_one_confusion_matrix_per_threshold():
    generator = torch.Generator().manual_seed(0)
    thresholds = torch.tensor([0.05, 0.5, 0.55, 1.0])
    gt = torch.randint(0, 5, (20, 30), generator=generator)
    gt[3:6] = 255
    best = []
    for _ in range(2):
        score = torch.rand(20, 30, generator=generator)
        score[0] = 0.5  # on a threshold: foreground
        score[1, :4] = thresholds
        score[1, 4:8] = torch.nextafter(thresholds, torch.zeros(4))
        score[2] = float('nan')  # higher than any threshold
        class_id = torch.randint(1, 5, (20, 30), generator=generator)
        best.append((score, class_id))
    found = sweep_areas(best, gt.byte(), thresholds, 5)
    assert found.shape == (2, 4, 3, 5)
    for (score, class_id), areas in zip(best, found, strict=True):
        for threshold, area in zip(thresholds, areas, strict=True):
            pred = torch.where(score < threshold, 0, class_id)
            matrix = confusion_matrix(pred, gt, 5)
            assert area.tolist() == [
                matrix.diag().tolist(),
                matrix.sum(0).tolist(),
                matrix.sum(1).tolist(),
            ]


def test_sweep_areas_refuse_unknown_class():
    ones = torch.ones(2, 2, dtype=torch.long)
    with pytest.raises(ValueError, match='truth holds ids 7 to 7'):
        sweep_areas([(torch.ones(2, 2), ones)], 7 * ones, torch.ones(1), 3)


def test_average_precision_by_hand():
    scores = torch.tensor([[0.9, 0.8, 0.7], [0.5, 0.5, 0.1], [1.0, 0, 0]])
    labels = torch.tensor([[1, 0, 1], [1, 0, 0], [0, 0, 0]])
    # ranks 1 and 3; a tie with a wrong class; no label, so left out
    expected = torch.tensor([(1 + 2 / 3) / 2, 1 / 2], dtype=torch.float64)
    torch.testing.assert_close(
        image_average_precision(scores, labels), expected
    )


def test_average_precision_refuses_other_shape():
    with pytest.raises(ValueError, match=r'\(2, 3\), got .*\(3,\)'):
        image_average_precision(torch.ones(2, 3), torch.ones(3))
