import math

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp
from mmengine.dataset import DefaultSampler
from PIL import Image

from cosa_mmseg.datasets import BadFileError
from cosa_mmseg.evaluation import ContextFalsePositiveMetric

from .samples import META, NUM_CLASSES, random_sample

WATER, CAT = 1, 1  # the context's index, the id of the class


def named_sample(seed):
    return {**random_sample(seed), 'img_id': str(seed)}


def sample_with_context(folder, seed):
    """A random sample whose context map of indices 0..2 is in the folder."""
    sample = named_sample(seed)
    size = sample['gt_sem_seg']['data'].shape[1:]
    rng = np.random.default_rng(seed)
    context = Image.fromarray(rng.integers(0, 3, size).astype(np.uint8))
    if seed % 2:  # with a palette, as the masks of VOC
        context.putpalette([0, 0, 0, 50, 90, 200, 9, 9, 9])
    context.save(folder / f'{seed}.png')
    return sample


def build(folder, **kwargs):
    metric = ContextFalsePositiveMetric(
        context_dir=str(folder), context_id=WATER, class_name='cat', **kwargs
    )
    metric.dataset_meta = META
    return metric


def evaluate(folder, samples, **kwargs):
    metric = build(folder, **kwargs)
    metric.process({}, samples[:1])
    metric.process({}, samples[1:])
    return metric.evaluate(len(samples))


def hand_sample(folder):
    """A row of eight pixels, 1 = cat, with everything that can occur."""
    sample = {
        'img_id': 'hand',
        'gt_sem_seg': {'data': torch.tensor([[[0, 0, 0, 0, 1, 255, 2, 0]]])},
        'pred_sem_seg': {'data': torch.tensor([[[1, 0, 2, 1, 1, 1, 1, 1]]])},
        'pred_label': {'score': torch.tensor([0.9, 0.4, 0.9])},
        'pred_cam': {
            'data': torch.tensor(
                [
                    [[0.6, 0.5, 0.8, 0.4, 0.9, 0.9, 0.9, 0.9]],  # cat
                    [[0.7, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]],  # not kept
                    [[0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0]],  # hides cat
                ]
            )
        },
    }
    # all but the last pixel are water, those of objects too
    context = np.array([[1, 1, 1, 1, 1, 1, 1, 2]], np.uint8)
    Image.fromarray(context).save(folder / 'hand.png')
    return sample


def test_worked_by_hand(tmp_path):
    scores = evaluate(tmp_path, [hand_sample(tmp_path)])
    assert scores == {
        'context_fp': 50.0,  # pixels 0 and 3 of 0..3
        'cam_context_fp': 50.0,  # pixels 0 and 1
        'context_class_IoU': 20.0,  # pixel 4 of 0, 3, 4, 6, 7
    }


def test_thresholds(tmp_path):
    sample = hand_sample(tmp_path)
    low = evaluate(tmp_path, [sample], cam_threshold=0.4)
    assert low['cam_context_fp'] == 75.0  # pixel 3 too
    sample['pred_label']['score'][:] = 0.5  # not above .5
    none = evaluate(tmp_path, [sample])
    assert none['cam_context_fp'] == 0.0


def test_against_a_loop_over_pixels(tmp_path):
    samples = [sample_with_context(tmp_path, seed) for seed in range(4)]
    context = seg = cam = both = either = 0
    for sample in samples:
        water = np.array(Image.open(tmp_path / f'{sample["img_id"]}.png'))
        score = sample['pred_label']['score']
        kept = [c for c in range(NUM_CLASSES - 1) if score[c] > 0.5]
        for y, x in np.ndindex(water.shape):
            gt = int(sample['gt_sem_seg']['data'][0, y, x])
            pred = int(sample['pred_sem_seg']['data'][0, y, x])
            if gt == 255:
                continue
            both += pred == gt == CAT
            either += CAT in (pred, gt)
            if gt == 0 and water[y, x] == WATER:
                values = {
                    c + 1: float(sample['pred_cam']['data'][c, y, x])
                    for c in kept
                }
                best = max(values, key=values.get, default=0)
                context += 1
                seg += pred == CAT
                cam += best == CAT and values[CAT] >= 0.5
    assert 0 < cam < seg < context
    assert evaluate(tmp_path, samples) == {
        'context_fp': pytest.approx(100 * seg / context, abs=0.006),
        'cam_context_fp': pytest.approx(100 * cam / context, abs=0.006),
        'context_class_IoU': pytest.approx(100 * both / either, abs=0.006),
    }


def test_without_cam(tmp_path):
    sample = hand_sample(tmp_path)
    del sample['pred_cam'], sample['pred_label']
    scores = evaluate(tmp_path, [sample], cam_threshold=None)
    assert scores == {'context_fp': 50.0, 'context_class_IoU': 20.0}


def test_without_context_the_shares_are_nan_and_the_log_says_so(
    tmp_path, capsys
):
    sample = hand_sample(tmp_path)
    sample['gt_sem_seg']['data'][:] = 2
    sample['pred_sem_seg']['data'][:] = 0
    scores = evaluate(tmp_path, [sample])
    assert all(math.isnan(value) for value in scores.values())
    assert 'no background pixel of the 1 images' in capsys.readouterr().out


def _run_rank(rank, folder, sizes):
    """One process of an evaluation whose sampler pads the last batch."""
    torch.set_num_threads(1)  # a forked process has no thread pool
    torch.distributed.init_process_group(
        'gloo', f'file://{folder}/init', rank=rank, world_size=2
    )
    found = []
    for size in sizes:
        samples = [named_sample(seed) for seed in range(size)]
        metric = build(folder, collect_dir=f'{folder}/collected')
        for index in DefaultSampler(samples, shuffle=False):
            metric.process({}, [samples[index]])
        found.append(metric.evaluate(size))
    torch.save(found, f'{folder}/{rank}.pt')
    torch.distributed.destroy_process_group()


@pytest.mark.ddp
def test_two_processes_count_each_image_once(tmp_path):
    sizes = (5, 4, 1)
    expected = [
        evaluate(
            tmp_path, [sample_with_context(tmp_path, i) for i in range(size)]
        )
        for size in sizes
    ]
    arguments = (tmp_path, sizes)
    mp.start_processes(_run_rank, arguments, nprocs=2, start_method='fork')
    for rank in range(2):
        assert torch.load(tmp_path / f'{rank}.pt') == expected


def test_refuses_what_it_can_not_score(tmp_path):
    sample = sample_with_context(tmp_path, 0)
    for name in ('gt_sem_seg', 'pred_sem_seg', 'pred_cam', 'pred_label'):
        rest = {key: value for key, value in sample.items() if key != name}
        with pytest.raises(ValueError, match=f'needs `{name}`'):
            build(tmp_path).process({}, [rest])
    with pytest.raises(BadFileError, match='no context map .*7.png'):
        build(tmp_path).process({}, [{**sample, 'img_id': '7'}])
    with pytest.raises(ValueError, match='needs `img_id`'):
        build(tmp_path).process({}, [random_sample(0)])
    Image.new('L', (4, 5)).save(tmp_path / '0.png')
    with pytest.raises(BadFileError, match=r'0.png is \(5, 4\).*\(13, 17\)'):
        build(tmp_path).process({}, [sample])


def test_refuses_unknown_class_and_bad_threshold(tmp_path):
    metric = ContextFalsePositiveMetric(str(tmp_path), WATER, 'boat')
    metric.dataset_meta = META
    with pytest.raises(ValueError, match="'boat' is none of .* cat, dog, bus"):
        metric.process({}, [sample_with_context(tmp_path, 0)])
    with pytest.raises(ValueError, match='cam_threshold must be in'):
        build(tmp_path, cam_threshold=0.0)
    with pytest.raises(ValueError, match='has seen no image'):
        build(tmp_path).evaluate(0)
