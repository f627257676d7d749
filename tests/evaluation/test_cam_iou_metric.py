import csv

import pytest
import torch
import torch.multiprocessing as mp
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator
from PIL import Image

from cosa_mmseg.evaluation import (
    CAMIoUMetric,
    confusion_matrix,
    segmentation_scores,
)
from cosa_mmseg.evaluation.cam_iou_metric import KEYS

from .samples import META, NUM_CLASSES, random_sample


def build(**kwargs):
    metric = CAMIoUMetric(**kwargs)
    metric.dataset_meta = META
    return metric


def evaluate(samples, batch_size=2, **kwargs):
    metric = build(**kwargs)
    for start in range(0, len(samples), batch_size):
        metric.process({}, samples[start : start + batch_size])
    return metric.evaluate(len(samples))


def oracle_miou(samples, name, true_labels, threshold):
    """mIoU in percent, one label map and one class at a time."""
    matrix = 0
    for sample in samples:
        cam = sample[name]['data']
        best = torch.full(cam.shape[1:], float(threshold))
        pred = torch.zeros(cam.shape[1:], dtype=torch.long)
        for index, score in enumerate(sample['pred_label']['score']):
            kept = (
                index in sample['gt_label']['label']
                if true_labels
                else score > 0.5
            )
            better = (cam[index] >= best) & bool(kept)
            pred[better] = index + 1
            best = torch.where(better, cam[index], best)
        mask = sample['gt_sem_seg']['data'][0]
        matrix += confusion_matrix(pred, mask, NUM_CLASSES)
    scores = segmentation_scores(matrix.diag(), matrix.sum(0), matrix.sum(1))
    return 100 * scores.miou


def test_all_keys_against_the_oracle():
    samples = [random_sample(seed, (9 + seed, 14)) for seed in range(5)]
    thresholds = [0.05 * step for step in range(1, 20)]
    scores = evaluate(samples)
    assert len(scores) == 3 * len(KEYS)
    for key in KEYS:
        name = 'pred_cam_aux' if 'aux' in key else 'pred_cam'
        expected = [
            oracle_miou(samples, name, key.endswith('label_filtered'), t)
            for t in thresholds
        ]
        best = max(expected)
        assert scores[key] == pytest.approx(expected[9], abs=0.006)
        assert scores[f'{key}_best'] == pytest.approx(best, abs=0.006)
        best_threshold = thresholds[expected.index(best)]
        assert scores[f'{key}_best_threshold'] == pytest.approx(best_threshold)


def test_perfect_cam():
    sample = random_sample(3)
    mask = sample['gt_sem_seg']['data']
    cam = torch.stack([0.7 * (mask[0] == i) for i in range(1, NUM_CLASSES)])
    sample['pred_cam'] = {'data': cam}
    scores = evaluate([sample])
    assert scores['cam_mIoU_label_filtered'] == 100
    assert scores['cam_mIoU_label_filtered_best'] == 100
    assert scores['cam_mIoU_label_filtered_best_threshold'] == 0.05


def test_no_class_kept_is_background():
    sample = random_sample(0)
    sample['gt_label']['label'] = torch.zeros(0, dtype=torch.long)
    sample['pred_label']['score'][:] = 0.5  # not above the threshold
    sample['gt_sem_seg']['data'][0, 3:] = 0
    sample['gt_sem_seg']['data'][0, :3] = 255
    scores = evaluate([sample])
    assert all(scores[key] == 100 for key in KEYS)


def test_no_plain_miou():
    metric = {'type': 'CAMIoUMetric', 'fixed_threshold': 0.4}
    evaluator = Evaluator([metric, {'type': 'LabelFilteredIoUMetric'}])
    evaluator.dataset_meta = META
    evaluator.process([random_sample(0)])
    assert 'mIoU' not in evaluator.evaluate(1)


def test_memory_does_not_grow_and_second_run_starts_anew():
    metric = build()
    samples = [random_sample(seed) for seed in range(6)]
    first = None
    for _ in range(2):
        metric.process({}, samples)
        assert len(metric.results) == 2
        assert metric.results[0].shape == (4, 19, 3, NUM_CLASSES)
        scores = metric.evaluate(6)
        first = first or scores
    assert scores == first


def test_writes_the_sweep_as_table_and_plot(tmp_path):
    samples = [random_sample(seed) for seed in range(3)]
    scores = evaluate(samples, fixed_threshold=0.52, out_dir=tmp_path / 'a')
    with (tmp_path / 'a' / 'cam_sweep.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['threshold'] for row in rows[9:12]] == ['0.5', '0.52', '0.55']
    assert len(rows) == 20 * 4
    assert list(dict.fromkeys(row['key'] for row in rows)) == list(KEYS)
    for row in rows:
        key, threshold = row['key'], float(row['threshold'])
        ious = [float(row[name]) for name in META['classes']]
        assert float(row['mIoU']) == pytest.approx(sum(ious) / 4, abs=0.01)
        if threshold == 0.52:
            assert float(row['mIoU']) == scores[key]
        if threshold == scores[f'{key}_best_threshold']:
            assert float(row['mIoU']) == scores[f'{key}_best']
    picture = Image.open(tmp_path / 'a' / 'cam_sweep.png')
    assert picture.size == (1200, 750)
    assert len(picture.convert('RGB').getcolors(10**6)) > 20
    assert sorted(path.name for path in (tmp_path / 'a').iterdir()) == [
        'cam_sweep.csv',
        'cam_sweep.png',
    ]


def test_a_map_without_any_true_pixel_is_drawn(tmp_path):
    sample = random_sample(0)
    sample['gt_sem_seg']['data'][:] = 255
    scores = evaluate([sample], out_dir=tmp_path)
    assert scores['cam_mIoU'] != scores['cam_mIoU']
    assert (tmp_path / 'cam_sweep.png').is_file()


def _run_rank(rank, folder, sizes):
    """One process of an evaluation whose sampler pads the last batch."""
    torch.set_num_threads(1)  # a forked process has no thread pool
    torch.distributed.init_process_group(
        'gloo', f'file://{folder}/init', rank=rank, world_size=2
    )
    found = []
    for size in sizes:
        samples = [random_sample(seed) for seed in range(size)]
        metric = build(collect_dir=f'{folder}/collected')
        for index in DefaultSampler(samples, shuffle=False):
            metric.process({}, [samples[index]])
        found.append(metric.evaluate(size))
    torch.save(found, f'{folder}/{rank}.pt')
    torch.distributed.destroy_process_group()


@pytest.mark.ddp
def test_two_processes_count_each_image_once(tmp_path):
    sizes = (5, 4, 1)
    arguments = (str(tmp_path), sizes)
    mp.start_processes(_run_rank, arguments, nprocs=2, start_method='fork')
    expected = [
        evaluate([random_sample(seed) for seed in range(size)])
        for size in sizes
    ]
    for rank in range(2):
        assert torch.load(tmp_path / f'{rank}.pt') == expected


@pytest.mark.parametrize(
    'name',
    ['gt_sem_seg', 'gt_label', 'pred_cam', 'pred_cam_aux', 'pred_label'],
)
def test_refuses_sample_without(name):
    sample = random_sample(7)
    del sample[name]
    message = f"CAMIoUMetric needs `{name}`, which image '7' does not have"
    with pytest.raises(ValueError, match=message):
        build().process({}, [sample])


def test_refuses_cam_of_other_size():
    sample = random_sample(0)
    sample['pred_cam']['data'] = torch.rand(3, 5, 5)
    with pytest.raises(ValueError, match=r'\(3, 13, 17\).*\(3, 5, 5\)'):
        build().process({}, [sample])


@pytest.mark.parametrize('threshold', [0, 1.5])
def test_refuses_threshold_outside_the_range(threshold):
    with pytest.raises(ValueError, match=r'must be in \(0, 1\]'):
        CAMIoUMetric(fixed_threshold=threshold)


def test_refuses_to_score_nothing():
    with pytest.raises(ValueError, match='has seen no image'):
        build().evaluate(0)
