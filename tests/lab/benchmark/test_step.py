import json

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from cosa_mmseg.models.pseudo_labels.dynamic_threshold import DynamicThreshold
from cosa_mmseg.models.segmentors import CoSA
from tools.lab.benchmark import (
    StepSettings,
    benchmark_step,
    step_table,
)
from tools.lab.benchmark.config import drop_missing_weights
from tools.lab.benchmark.step import (
    fill_queues,
    prepare_step,
)

from .configs import small_config

# calls in a step of one batch, two scales
COTRAINING = {
    'data': 1,
    'preprocessing': 1,
    'assignment/networks': 2,
    'assignment/merging of views': 1,
    'assignment/CAM normalisation': 2,
    'assignment/CAM labels': 2,
    'assignment/threshold update (DT)': 2,
    'assignment/reliability (RAW)': 2,
    'assignment/SPL': 1,
    'assignment/other': 1,
    'online forward': 1,
    'losses/cls': 1,
    'losses/c2s': 1,
    'losses/s2c': 1,
    'losses/energy': 1,
    'losses/csc': 1,
    'losses/other': 1,
    'watched quantities': 1,
    'backward': 1,
    'optimiser': 2,  # step, zero_grad
    'EMA': 1,
    'other hooks': 2,  # before and after the iteration
    'other': 0,
}
WARMUP = (
    'data',
    'preprocessing',
    'online forward',
    'losses/cls',
    'backward',
    'optimiser',
    'EMA',
    'other hooks',
    'other',
)
ONCE_A_STEP = ('data', 'EMA', 'optimiser', 'other hooks')


def calls(report):
    return {row['part']: row['calls'] for row in report['parts']}


def check_sums(report, iters):
    """Parts, groups and the whole fit, in each step."""
    totals = report['total']['seconds']
    assert len(totals) == iters == len(report['unit']['seconds'])
    rows = report['parts']
    for i, total in enumerate(totals):
        assert sum(row['seconds'][i] for row in rows) == pytest.approx(total)
    assert sum(row['share'] for row in rows) == pytest.approx(1)
    assert all(min(row['seconds']) > 0 for row in rows)
    for group in report['groups']:
        inside = [r for r in rows if r['part'].startswith(group['group'])]
        assert len(inside) > 0
        assert group['share'] == pytest.approx(sum(r['share'] for r in inside))


def test_all_parts_of_co_training():
    settings = StepSettings(iters=3, synthetic=True, batch_size=2)
    report = benchmark_step(small_config(), settings)
    assert calls(report) == COTRAINING
    assert list(calls(report)) == list(COTRAINING)
    check_sums(report, 3)
    groups = [row['group'] for row in report['groups']]
    assert groups == ['assignment', 'losses']
    total, unit = report['total']['median'], report['unit']['median']
    assert report['images_per_second'] == pytest.approx(2 / total)
    assert report['total']['units'] == pytest.approx(total / unit)
    peak = report['peak_memory']
    assert peak['host'] >= peak['host_before'] > 50e6
    assert report['environment']['versions']['torch'] == torch.__version__
    assert json.loads(json.dumps(report))['parts'] == report['parts']
    assert report['resolved'] == dict(
        phase='cotraining',
        amp='off',
        batch_size=2,
        images_per_step=2,
        num_classes=4,
        crop=(32, 32),
        num_workers=0,
    )


def test_accumulated_batches_are_one_step():
    settings = StepSettings(
        iters=1, synthetic=True, batch_size=1, total_batch_size=3
    )
    report = benchmark_step(small_config(), settings)
    assert calls(report) == {
        part: count if part in ONCE_A_STEP else 3 * count
        for part, count in COTRAINING.items()
    }
    check_sums(report, 1)
    total = report['total']['median']
    assert report['images_per_second'] == pytest.approx(3 / total)


def test_warm_up_has_neither_assignment_nor_swapped_losses():
    settings = StepSettings(iters=2, phase='warmup', synthetic=True)
    report = benchmark_step(small_config(), settings)
    assert calls(report) == {part: COTRAINING[part] for part in WARMUP}
    check_sums(report, 2)
    assert report['resolved']['batch_size'] == 3  # the config's


def test_what_is_off_has_no_row():
    cfg = small_config(loss_csc=None, loss_energy=None)
    cfg.model.assigner.cam_labeler = dict(
        type='DualThresholdLabeler', low=0.3, high=0.6
    )
    cfg.model.assigner.reliability = None
    report = benchmark_step(cfg, StepSettings(iters=1, synthetic=True))
    missing = set(COTRAINING) - set(calls(report))
    assert missing == {
        'losses/energy',
        'losses/csc',
        'assignment/threshold update (DT)',
        'assignment/reliability (RAW)',
    }


def weight_sum(network):
    return network.cam_head.conv_seg.weight.sum().item()


def test_it_is_the_real_step(monkeypatch):
    """Parameters, schedule, assignment network and thresholds move."""
    seen = []

    @HOOKS.register_module()
    class LookHook(Hook):
        priority = 'LOWEST'

        def after_train_iter(self, runner, *args, **kwargs):
            model = runner.model
            seen.append(
                dict(
                    iteration=runner.iter,
                    lr=runner.optim_wrapper.get_lr()['lr'][0],
                    online=weight_sum(model.online),
                    assignment=weight_sum(model.assignment),
                    xi=model.assigner.cam_labeler.threshold.xi.item(),
                )
            )

    original = CoSA.loss
    one = torch.ones(1, 1)
    dtypes = []

    def loss(self, *args):
        dtypes.append((one @ one).dtype)
        return original(self, *args)

    monkeypatch.setattr(CoSA, 'loss', loss)
    cfg = small_config()
    cfg.custom_hooks.append(dict(type='LookHook'))
    settings = StepSettings(iters=2, warmup=2, synthetic=True, amp='bf16')
    report = benchmark_step(cfg, settings)
    assert [look['iteration'] for look in seen] == [0, 1, 2, 3]
    for name in ('lr', 'online', 'assignment', 'xi'):
        assert len({look[name] for look in seen}) == 4, name
    assert dtypes == [torch.bfloat16] * 4
    assert report['resolved']['amp'] == 'bf16'


def test_queues_are_those_of_a_long_training():
    threshold = DynamicThreshold(grid=(4, 4))
    fill_queues(threshold)
    assert 0.4 < float(threshold.fit(threshold.queue)) < 0.7


@pytest.mark.parametrize('there', [False, True])
def test_weights_in_a_list_of_initialisations(there, tmp_path):
    cfg, path = small_config(), tmp_path / 'a.pth'
    if there:
        path.touch()
    init_cfg = [
        dict(type='Kaiming', layer='Conv2d'),
        dict(type='Pretrained', checkpoint=str(path)),
    ]
    cfg.model.network.backbone.init_cfg = init_cfg
    notes = drop_missing_weights(cfg)
    assert cfg.model.network.backbone.init_cfg == (init_cfg if there else None)
    assert len(notes) == (not there)


def test_settings_enter_the_config():
    cfg = small_config()
    cfg.model.network.backbone = dict(
        type='TwoStageBackbone',
        init_cfg=dict(type='Pretrained', checkpoint='nowhere.pth'),
    )
    cfg.optim_wrapper.accumulative_counts = 4
    resolved, notes = prepare_step(
        cfg,
        StepSettings(
            iters=3,
            warmup=4,
            phase='warmup',
            synthetic=True,
            batch_size=5,
            total_batch_size=10,
            num_classes=9,
            crop=48,
            amp='bf16',
        ),
    )
    network = cfg.model.network
    assert network.num_classes == 9
    assert network.backbone.init_cfg is None
    assert notes == ['random weights: nowhere.pth is not a file here']
    assert cfg.model.train_cfg.warmup_iters > 7
    assert cfg.optim_wrapper == dict(
        type='BFloat16OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3)
    )
    assert cfg.train_cfg == dict(
        type='TimedTrainLoop',
        warmup=4,
        iters=3,
        max_iters=100,
        total_batch_size=10,
    )
    assert cfg.train_dataloader == dict(
        batch_size=5,
        num_workers=0,
        sampler=dict(type='InfiniteSampler', shuffle=False),
        dataset=dict(
            type='SyntheticImages',
            num_classes=9,
            size=(48, 48),
            two_views=True,
        ),
    )
    assert resolved['crop'] == (48, 48)
    assert resolved['images_per_step'] == 10


def test_real_data_are_cropped_too():
    cfg = small_config()
    prepare_step(cfg, StepSettings(crop=64))
    assert cfg.train_dataloader.dataset.type == 'ImageLabelDataset'
    (step,) = cfg.train_dataloader.dataset.pipeline
    assert step.crop_size == (64, 64)


@pytest.mark.parametrize(
    ('wrapper', 'amp', 'expected'),
    [
        (dict(type='BFloat16OptimWrapper'), None, 'BFloat16OptimWrapper'),
        (dict(type='BFloat16OptimWrapper'), 'off', 'OptimWrapper'),
        (
            dict(type='AmpOptimWrapper', dtype='float16', loss_scale=8.0),
            'bf16',
            'BFloat16OptimWrapper',
        ),
        (
            dict(type='AmpOptimWrapper', dtype='bfloat16'),
            'bf16',
            'AmpOptimWrapper',
        ),
    ],
)
def test_precisions(wrapper, amp, expected):
    cfg = small_config()
    cfg.optim_wrapper = wrapper
    prepare_step(cfg, StepSettings(amp=amp))
    assert cfg.optim_wrapper.type == expected
    assert 'loss_scale' not in cfg.optim_wrapper


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(iters=0), '--iters must be at least 1, got 0'),
        (dict(warmup=1), '--warmup must be at least 2, got 1'),
        (dict(batch_size=-1), '--batch-size must be at least 1, got -1'),
        (dict(phase='test'), '--phase must be one of cotraining, warmup'),
        (dict(num_classes=5), '--num-classes needs --synthetic'),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        StepSettings(**settings)


@pytest.mark.parametrize(
    ('change', 'settings', 'message'),
    [
        ({'model.network': None}, {}, 'model.type=CoSA: .* parts of CoSA'),
        (
            {},
            dict(batch_size=2, total_batch_size=3),
            '--total-batch-size 3 is not a multiple of the batch size 2',
        ),
        (
            {},
            dict(num_classes=1, synthetic=True),
            '--num-classes counts the background .* got 1',
        ),
        (
            {'train_dataloader.dataset.pipeline': []},
            {},
            'no step of train_dataloader.dataset.pipeline has a crop_size',
        ),
        (
            {'optim_wrapper.type': 'ApexOptimWrapper'},
            dict(amp='bf16'),
            'optim_wrapper.type=ApexOptimWrapper is not known',
        ),
    ],
)
def test_settings_that_do_not_fit_the_config(change, settings, message):
    cfg = small_config()
    cfg.merge_from_dict(change)
    if cfg.model.network is None:
        del cfg.model['network']
    with pytest.raises(ValueError, match=message):
        prepare_step(cfg, StepSettings(**settings))


def test_fp16_needs_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(ValueError, match='--amp fp16 needs a GPU'):
        prepare_step(small_config(), StepSettings(amp='fp16'))


def test_table_has_a_row_for_each_part_and_group():
    settings = StepSettings(iters=1, synthetic=True, batch_size=2)
    report = benchmark_step(small_config(), settings)
    report['notes'] = ['something to know']
    lines = step_table(report).splitlines()
    table = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in lines
        if line.startswith('|')
    ]
    names = [row[0] for row in table[2:]]
    expected = []
    for part in COTRAINING:
        group, _, name = part.rpartition('/')
        if group and group not in expected:
            expected.append(group)
        expected.append(f'- {name}' if group else name)
    assert names == [*expected, 'whole step']
    assert len({len(line) for line in lines if line.startswith('|')}) == 1
    total = report['total']
    assert table[-1][2] == f'{1000 * total["median"]:.2f}'
    assert table[-1][5:] == ['100.0', f'{total["units"]:.3f}']
    text = '\n'.join(lines)
    assert f'{report["images_per_second"]:.3f} images per second' in text
    assert 'something to know' in text


@pytest.mark.gpu
@pytest.mark.parametrize('amp', ['off', 'bf16', 'fp16'])
def test_on_a_gpu(amp):
    settings = StepSettings(iters=2, synthetic=True, amp=amp)
    report = benchmark_step(small_config(), settings)
    assert calls(report) == COTRAINING
    check_sums(report, 2)
    assert report['environment']['device_type'] == 'cuda'
    assert 0 < report['peak_memory']['gpu'] < 1e9
