import pytest
import torch
from mmengine.evaluator import Evaluator
from mmseg.evaluation import IoUMetric

from cosa_mmseg.datasets import BadFileError
from cosa_mmseg.evaluation import (
    LabelFilteredIoUMetric,
    confusion_matrix,
    segmentation_scores,
)
from tests import golden

from .samples import META, NUM_CLASSES, random_sample


@pytest.fixture
def metric():
    metric = LabelFilteredIoUMetric()
    metric.dataset_meta = META
    return metric


def test_absent_classes_are_never_predicted(metric):
    samples = [random_sample(seed) for seed in range(4)]
    matrix = 0
    for sample in samples:
        logits = sample['seg_logits']['data'].clone()
        for class_id in range(1, NUM_CLASSES):
            if class_id - 1 not in sample['gt_label']['label']:
                logits[class_id] = -1e5
        mask = sample['gt_sem_seg']['data'][0]
        matrix += confusion_matrix(logits.argmax(0), mask, NUM_CLASSES)
    expected = segmentation_scores(matrix.diag(), matrix.sum(0), matrix.sum(1))

    metric.process({}, samples[:3])
    metric.process({}, samples[3:])
    scores = metric.evaluate(4)
    assert set(scores) == {
        'mIoU_label_filtered',
        'mAcc_label_filtered',
        'aAcc_label_filtered',
    }
    assert scores['mIoU_label_filtered'] == pytest.approx(
        100 * expected.miou, abs=0.006
    )
    assert scores['aAcc_label_filtered'] == pytest.approx(
        100 * (matrix.diag().sum() / matrix.sum()).item(), abs=0.006
    )


def test_golden_restriction(metric):
    data = golden.load_tensors('seg_restrict_to_labels')
    suffix = '_out_validation'
    cases = [key.removesuffix(suffix) for key in data if suffix in key]
    assert cases
    for case in cases:
        logits, labels = data[f'{case}_in_logits'], data[f'{case}_in_labels']
        expected = data[f'{case}{suffix}'].argmax(1)
        for image in range(len(logits)):
            sample = random_sample(0)
            sample['seg_logits'] = {'data': logits[image]}
            sample['gt_label'] = {'label': labels[image].nonzero()[:, 0]}
            pred = metric._filter_labels(sample)['pred_sem_seg']['data']
            assert torch.equal(pred[0], expected[image])


def test_without_labels_all_is_background(metric):
    sample = random_sample(0)
    sample['gt_label']['label'] = torch.zeros(0, dtype=torch.long)
    sample['gt_sem_seg']['data'][:] = 0
    metric.process({}, [sample])
    assert metric.evaluate(1)['aAcc_label_filtered'] == 100


def test_stands_beside_the_stock_metric_and_leaves_samples_alone():
    evaluator = Evaluator([IoUMetric(), {'type': 'LabelFilteredIoUMetric'}])
    evaluator.dataset_meta = META
    sample = random_sample(1)
    before = sample['pred_sem_seg']['data'].clone()
    evaluator.process([sample])
    assert torch.equal(sample['pred_sem_seg']['data'], before)
    scores = evaluator.evaluate(1)
    assert scores['mIoU'] < scores['mIoU_label_filtered']


@pytest.mark.parametrize('name', ['gt_sem_seg', 'gt_label', 'seg_logits'])
def test_refuses_sample_without(metric, name):
    sample = random_sample(7)
    del sample[name]
    message = f"LabelFilteredIoUMetric needs `{name}`, which image '7'"
    with pytest.raises(ValueError, match=message) as caught:
        metric.process({}, [sample])
    # the tools say in one sentence what is wrong with the data
    is_of_data = isinstance(caught.value, BadFileError)
    assert is_of_data == name.startswith('gt_')


def test_never_writes_its_predictions(tmp_path):
    with pytest.raises(ValueError, match='writes no predictions'):
        LabelFilteredIoUMetric(output_dir=str(tmp_path))
