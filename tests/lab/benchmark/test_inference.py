import json

import pytest
import torch

from cosa_mmseg.models.segmentors import CoSA
from cosa_mmseg.utils.weights import WeightsError
from tools.lab.benchmark import (
    InferenceSettings,
    benchmark_inference,
    inference_table,
)

from .configs import small_config

ONE_VIEW = {
    'data': 1,
    'preprocessing': 1,
    'networks': 1,
    'merging of views': 1,
    'CAM normalisation': 2,
    'resize to original': 2,  # segmentation, CAMs
    'other': 0,
}


def report_of(cfg=None, **settings):
    settings = dict(dict(iters=1, warmup=1, synthetic=True), **settings)
    return benchmark_inference(
        cfg or small_config(),
        InferenceSettings(**dict(dict(size=(32, 32)), **settings)),
    )


def calls(row):
    return {part['part']: part['calls'] for part in row['parts']}


def test_every_combination_has_a_row():
    report = report_of(
        iters=2, views=['tta'], amp=('off', 'bf16'), batch_sizes=(1, 3)
    )
    rows = report['rows']
    ways = [
        (row['views'], row['mode'], row['amp'], row['batch_size'])
        for row in rows
    ]
    assert ways == [
        ('tta', 'whole', amp, batch)
        for amp in ('off', 'bf16')
        for batch in (1, 3)
    ]
    for row in rows:
        # two scales, each with its mirror in one batch
        assert calls(row) == dict(ONE_VIEW, networks=2)
        for i, total in enumerate(row['total']['seconds']):
            parts = [part['seconds'][i] for part in row['parts']]
            assert sum(parts) == pytest.approx(total)
        total = row['total']['median']
        assert row['images_per_second'] == pytest.approx(
            row['batch_size'] / total
        )
        assert len(row['unit']['seconds']) == 2
    assert len(report['unit']['seconds']) == 8
    assert report['notes'] == ['random weights: no checkpoint is given']
    assert json.loads(json.dumps(report))['rows'] == rows


def test_windows():
    cfg = small_config(
        test_cfg=dict(mode='slide', crop_size=(32, 32), stride=(16, 16))
    )
    report = report_of(
        cfg, views=['one'], modes=('slide', 'whole'), size=(48, 64)
    )
    slide, whole = report['rows']
    assert calls(slide)['networks'] == 2 * 3
    assert calls(whole)['networks'] == 1
    assert (slide['mode'], whole['mode']) == ('slide', 'whole')
    assert calls(slide)['resize to original'] == 1  # no CAMs


def test_predictions_are_brought_to_the_original_size(monkeypatch):
    shapes = []
    original = CoSA.predict

    def predict(self, *args):
        results = original(self, *args)
        shapes.extend(tuple(r.pred_sem_seg.shape) for r in results)
        assert results[0].seg_logits.data.shape[0] == 9
        return results

    monkeypatch.setattr(CoSA, 'predict', predict)
    report_of(views=['one'], ori_size=(20, 50), num_classes=9)
    assert shapes == [(20, 50)] * 2


def test_a_batch_may_be_larger_than_the_usual_number_of_images():
    (row,) = report_of(views=['one'], batch_sizes=[17], size=(16, 16))['rows']
    assert row['batch_size'] == 17


def test_a_batch_larger_than_the_data_set_is_refused():
    cfg = small_config()
    cfg.test_dataloader.dataset = dict(
        type='SyntheticImages', num_classes=4, size=(16, 16), num_images=3
    )
    message = '--batch-size 4 is more than the 3 images of test_dataloader'
    with pytest.raises(ValueError, match=message):
        report_of(cfg, synthetic=False, batch_sizes=[4])


def test_table():
    report = report_of(batch_sizes=[2])
    assert [row['views'] for row in report['rows']] == ['one', 'tta']
    assert calls(report['rows'][0]) == ONE_VIEW
    lines = inference_table(report).splitlines()
    row = report['rows'][1]
    cells = [cell.strip() for cell in lines[3].split('|')[1:-1]]
    ms = f'{1000 * row["total"]["median"] / 2:.2f}'
    speed = f'{row["images_per_second"]:.3f}'
    assert cells[:6] == ['tta', 'whole', 'off', '2', speed, ms]
    assert sum(map(float, cells[9:13])) == pytest.approx(100, abs=0.3)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(iters=0), '--iters must be at least 1, got 0'),
        (dict(batch_sizes=(2, 0)), '--batch-size must be at least 1, got 0'),
        (dict(amp=('fp8',)), '--amp fp8 is unknown: off, bf16, fp16'),
        (dict(modes=('half',)), '--mode half is unknown: whole, slide'),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        InferenceSettings(**settings)


@pytest.mark.parametrize(
    ('change', 'settings', 'message'),
    [
        ({}, dict(modes=['slide']), '--mode slide needs .*crop_size'),
        ({'tta_cfg': None}, dict(views=['tta']), '--tta needs tta_cfg'),
        (
            {'model.test_cfg.post_process': dict(type='DenseCRF')},
            {},
            'post_process reads the files of images',
        ),
    ],
)
def test_settings_that_do_not_fit_the_config(change, settings, message):
    cfg = small_config()
    cfg.merge_from_dict(change)
    with pytest.raises(ValueError, match=message):
        report_of(cfg, **settings)


@pytest.mark.gpu
def test_on_a_gpu():
    report = report_of(amp=('off', 'bf16', 'fp16'), iters=2)
    for row in report['rows']:
        assert row['peak_memory']['gpu'] > 0
        for i, total in enumerate(row['total']['seconds']):
            parts = [part['seconds'][i] for part in row['parts']]
            assert sum(parts) == pytest.approx(total)


def test_weights_of_another_model_are_refused(tmp_path):
    path = str(tmp_path / 'other.pth')
    torch.save({'state_dict': {'layer.weight': torch.zeros(1)}}, path)
    settings = InferenceSettings(iters=1, synthetic=True, size=(32, 32))
    with pytest.raises(WeightsError, match=r'other\.pth does not fit'):
        benchmark_inference(small_config(), settings, path)
