"""This project's scores and those of mmseg's IoUMetric are one number."""

import pytest
import torch
from mmseg.evaluation import IoUMetric

from cosa_mmseg.evaluation import (
    CAMIoUMetric,
    LabelFilteredIoUMetric,
    confusion_matrix,
    segmentation_scores,
)

from .samples import META, NUM_CLASSES, random_sample


def evaluate(metric, samples):
    metric.dataset_meta = META
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def stock_scores(samples, predictions):
    """mmseg's scores of other predictions on the samples."""
    return evaluate(
        IoUMetric(),
        [
            {**sample, 'pred_sem_seg': {'data': pred[None]}}
            for sample, pred in zip(samples, predictions, strict=True)
        ],
    )


@pytest.fixture
def samples():
    return [random_sample(seed, (20 + seed, 31)) for seed in range(12)]


def test_segmentation_scores(samples):
    preds = [sample['pred_sem_seg']['data'][0] for sample in samples]
    expected = stock_scores(samples, preds)
    matrix = sum(
        confusion_matrix(pred, sample['gt_sem_seg']['data'][0], NUM_CLASSES)
        for pred, sample in zip(preds, samples, strict=True)
    )
    scores = segmentation_scores(matrix.diag(), matrix.sum(0), matrix.sum(1))
    assert 100 * scores.miou == pytest.approx(expected['mIoU'], abs=0.006)


def test_label_filtered_scores(samples):
    preds = []
    for sample in samples:
        logits = sample['seg_logits']['data'].clone()
        absent = torch.ones(NUM_CLASSES, dtype=torch.bool)
        absent[0] = False
        absent[sample['gt_label']['label'] + 1] = False
        logits[absent] = -1e5
        preds.append(logits.argmax(0))
    expected = stock_scores(samples, preds)
    scores = evaluate(LabelFilteredIoUMetric(), samples)
    for name, value in expected.items():
        assert scores[f'{name}_label_filtered'] == value


@pytest.mark.parametrize('name', ['pred_cam', 'pred_cam_aux'])
@pytest.mark.parametrize('true_labels', [False, True])
def test_cam_scores(samples, name, true_labels):
    preds = []
    for sample in samples:
        kept = sample['pred_label']['score'] > 0.5
        if true_labels:
            kept = torch.zeros(NUM_CLASSES - 1, dtype=torch.bool)
            kept[sample['gt_label']['label']] = True
        cam = sample[name]['data'] * kept[:, None, None]
        value, index = cam.max(0)
        preds.append(torch.where(value >= 0.5, index + 1, 0))
    expected = stock_scores(samples, preds)['mIoU']
    key = name.removeprefix('pred_') + '_mIoU'
    key += '_label_filtered' if true_labels else ''
    scores = evaluate(CAMIoUMetric(), samples)
    assert scores[key] == pytest.approx(expected, abs=1e-4)
