import pytest
import torch
import torch.multiprocessing as mp
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator
from mmengine.registry import MODELS, init_default_scope
from mmengine.structures import PixelData

from tests.models.networks import small_batch, small_model

from .samples import META, random_sample

METRICS = [
    dict(type='IoUMetric'),
    dict(type='LabelFilteredIoUMetric'),
    dict(type='CAMIoUMetric', fixed_threshold=0.3),
    dict(type='ClassificationMetric'),
]
ONLINE = dict(type='OnlineNetworkMetric', metrics=METRICS)
KEYS = {
    *(
        f'{m}{s}'
        for m in ('aAcc', 'mAcc', 'mIoU')
        for s in ('', '_label_filtered')
    ),
    *(
        f'cam{aux}_mIoU{labels}{end}'
        for aux in ('', '_aux')
        for labels in ('', '_label_filtered')
        for end in ('', '_best', '_best_threshold')
    ),
    'cls_mAP',
    'cls_image_mAP',
}


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


def two_predictions(seed):
    """A sample on which both networks predicted, and the online one alone."""
    sample, online = random_sample(seed), random_sample(seed + 100)
    fields = {k: v for k, v in online.items() if k.startswith(('pred', 'seg'))}
    both = {**sample, **{f'online_{k}': v for k, v in fields.items()}}
    return both, {**sample, **fields}


def evaluate(samples, metrics, batch_size=2):
    evaluator = Evaluator(metrics)
    evaluator.dataset_meta = META
    for start in range(0, len(samples), batch_size):
        evaluator.process(samples[start : start + batch_size])
    return evaluator.evaluate(len(samples))


def test_both_networks_are_scored_in_one_run():
    both, online = zip(*map(two_predictions, range(5)), strict=True)
    scores = evaluate(both, [*METRICS, ONLINE])
    assert scores.keys() == KEYS | {f'online_{key}' for key in KEYS}
    expected = evaluate(online, METRICS)
    assert {key: scores[f'online_{key}'] for key in KEYS} == expected
    plain = evaluate([random_sample(seed) for seed in range(5)], METRICS)
    assert {key: scores[key] for key in KEYS} == plain
    assert scores['mIoU'] != scores['online_mIoU']


def test_without_online_predictions_there_is_no_score():
    samples = [random_sample(seed) for seed in range(2)]
    assert evaluate(samples, [*METRICS, ONLINE]).keys() == KEYS
    assert evaluate(samples, [ONLINE]) == {}


def test_a_second_run_starts_anew():
    evaluator = Evaluator([ONLINE])
    evaluator.dataset_meta = META
    assert evaluator.metrics[0].dataset_meta == META
    found = []
    for seeds in ((0, 1), (2, 3), (0, 1)):
        evaluator.process([two_predictions(seed)[0] for seed in seeds])
        found.append(evaluator.evaluate(2))
    assert found[0] == found[2] != found[1]
    evaluator.process([random_sample(0)])
    assert evaluator.evaluate(1) == {}


def test_one_setting_of_the_model_switches_it_on():
    batch = small_batch([[0], [1, 2]])
    for sample in batch['data_samples']:
        sample.gt_sem_seg = PixelData(data=torch.randint(0, 4, (1, 32, 32)))
    for network in ('assignment', 'both'):
        model = MODELS.build(
            small_model(test_cfg=dict(network=network, with_cam=True))
        )
        results = model.eval().test_step(
            dict(
                inputs=batch['inputs']['weak'],
                data_samples=batch['data_samples'],
            )
        )
        scores = evaluate(results, [*METRICS, ONLINE])
        online = {f'online_{key}' for key in KEYS}
        assert scores.keys() == KEYS | (online if network == 'both' else set())


def _run_rank(rank, folder, sizes):
    """One process of an evaluation whose sampler pads the last batch."""
    torch.set_num_threads(1)  # a forked process has no thread pool
    torch.distributed.init_process_group(
        'gloo', f'file://{folder}/init', rank=rank, world_size=2
    )
    found = []
    for size in sizes:
        samples = [two_predictions(seed)[0] for seed in range(size)]
        evaluator = Evaluator([*METRICS, ONLINE])
        evaluator.dataset_meta = META
        for index in DefaultSampler(samples, shuffle=False):
            evaluator.process([samples[index]])
        found.append(evaluator.evaluate(size))
    torch.save(found, f'{folder}/{rank}.pt')
    torch.distributed.destroy_process_group()


@pytest.mark.ddp
def test_two_processes_count_each_image_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # IoUMetric collects in the working folder
    sizes = (7, 2)
    arguments = (str(tmp_path), sizes)
    mp.start_processes(_run_rank, arguments, nprocs=2, start_method='fork')
    expected = [
        evaluate(
            [two_predictions(seed)[0] for seed in range(size)],
            [*METRICS, ONLINE],
        )
        for size in sizes
    ]
    for rank in range(2):
        found = torch.load(tmp_path / f'{rank}.pt', weights_only=False)
        assert found == expected
