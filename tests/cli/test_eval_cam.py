"""``cosa eval-cam`` on a tiny shapes set."""

import csv

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from cosa_mmseg.cli import testing
from cosa_mmseg.datasets.shapes.shapes import write_shapes
from cosa_mmseg.evaluation.cam_evaluation import (
    DROPS,
    cam_summary,
    evaluate_cams_only,
)
from tests.golden import ROOT

from .calls import cosa, parse

CONFIG = 'cosa/cosa_shapes.py'
SUPERVISED = str(ROOT / 'tools/lab/configs/ablation/shapes_supervised.py')


@pytest.fixture
def arguments(tmp_path):
    """Those of a model that was not trained, on three images."""
    write_shapes(tmp_path / 'shapes', num_train=1, num_eval=3, size=48)
    cfg = Config.fromfile(ROOT / 'configs' / CONFIG)
    init_default_scope('mmseg')
    model = MODELS.build(cfg.model)
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'model.pth')
    return [
        CONFIG,
        str(tmp_path / 'model.pth'),
        f'--out={tmp_path / "out"}',
        f'--work-dir={tmp_path / "work"}',
        '--cfg-options',
        f'test_dataloader.dataset.data_root={tmp_path / "shapes"}',
        'test_dataloader.num_workers=0',
        'test_evaluator.2.fixed_threshold=0.4',
    ]


def test_prints_and_writes_the_best_thresholds(arguments, tmp_path, capsys):
    cosa('eval-cam', '--network=both', '--tta', *arguments)
    printed = capsys.readouterr().out
    assert 'xi=0.40 (main CAM) and 0.40 (auxiliary CAM)' in printed
    for folder, title in (('out', '| '), ('out/online', '| online, ')):
        assert (tmp_path / folder / 'cam_sweep.png').is_file()
        with (tmp_path / folder / 'cam_sweep.csv').open(newline='') as file:
            rows = [row for row in csv.DictReader(file)]
        main = [row for row in rows if row['key'] == 'cam_mIoU_label_filtered']
        best = max(main, key=lambda row: float(row['mIoU']))
        (fixed,) = (row for row in main if row['threshold'] == '0.4')
        (line,) = (
            line
            for line in printed.splitlines()
            if line.startswith(f'{title}main CAM, true labels')
        )
        numbers = [float(cell) for cell in line.split('|')[2:5]]
        assert numbers == [
            float(fixed['mIoU']),
            float(best['mIoU']),
            float(best['threshold']),
        ]


def test_options_enter_the_config(arguments):
    cfg = testing.build_cam_config(parse('eval-cam', *arguments))
    (metric,) = cfg.test_evaluator
    assert metric.type == 'CAMIoUMetric'
    assert metric.fixed_threshold == 0.4
    assert cfg.model.test_cfg.with_cam
    assert cfg.model.test_cfg.network == 'assignment'
    assert 'mirror' not in cfg.model.test_cfg
    options = parse('eval-cam', '--network=online', '--tta', *arguments)
    test_cfg = testing.build_cam_config(options).model.test_cfg
    assert test_cfg.network == 'online'
    assert test_cfg.mirror


def test_a_config_without_the_metric_gets_it():
    model = dict(type='CoSA', network={})
    cfg = Config(dict(model=model, test_dataloader={}))
    evaluate_cams_only(cfg, 'there')
    alone = [dict(type='CAMIoUMetric', out_dir='there')]
    assert cfg.test_evaluator == alone
    assert cfg.model.test_cfg == dict(with_cam=True)
    # the summary finds the scores by their names
    cfg.test_evaluator = dict(type='CAMIoUMetric', prefix='val')
    evaluate_cams_only(cfg, 'there')
    assert cfg.test_evaluator == alone


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (SUPERVISED, 'EncoderDecoder, has no CAMs'),
        ('cosa/cosa_shape.py', 'no config .*did you mean'),
        ('pretrain/small_resnet_shapes.py', 'the config has no test_datalo'),
    ],
)
def test_user_errors_are_one_sentence(config, message, tmp_path):
    args = [config, 'a.pth', f'--out={tmp_path / "out"}']
    with pytest.raises(SystemExit, match=f'^error: .*{message}'):
        cosa('eval-cam', *args)


def test_a_missing_checkpoint_is_one_sentence(arguments, tmp_path):
    arguments[1] = str(tmp_path / 'nothing.pth')
    with pytest.raises(SystemExit, match='^error: .*nothing.pth'):
        cosa('eval-cam', *arguments)


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        (
            'test_evaluator.2.fixed_treshold=0.4',
            r'test_evaluator\.0\.fixed_treshold=0.4 .*mean fixed_threshold',
        ),
        (
            'test_dataloader.dataset.ann_file=no.txt',
            "test_dataloader.dataset: no image list '.*no.txt'",
        ),
        (
            'model.loss_s2c.activation=elu',
            'model.loss_s2c.activation',
        ),
    ],
)
def test_a_part_that_cannot_be_built_is_named(arguments, option, message):
    with pytest.raises(SystemExit, match=f'^error: {message}'):
        cosa('eval-cam', *arguments, option)


def test_processes_are_connected_as_in_a_test(arguments, monkeypatch):
    monkeypatch.delenv('RANK', raising=False)
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    with pytest.raises(SystemExit, match='^error: --launcher pytorch is for'):
        cosa('eval-cam', '--launcher=pytorch', *arguments)


def test_summary_shows_what_was_scored():
    scores = {'mIoU': 1.0, 'cam_aux_mIoU': 40.5}
    scores['cam_aux_mIoU_best'] = 50.25
    scores['cam_aux_mIoU_best_threshold'] = 0.35
    (row,) = cam_summary(scores).splitlines()[3:-1]
    cells = [cell.strip() for cell in row.split('|')[1:-1]]
    name = 'auxiliary CAM, predicted labels'
    assert cells == [name, '40.5', '50.25', '0.35']


@pytest.mark.parametrize(
    ('agreement', 'expected'),
    [(25.5, 'correlate by 25.5 %'), (float('nan'), 'is constant in all')],
)
def test_summary_says_how_far_cams_agree(agreement, expected):
    scores = {
        f'{prefix}{key}': 1.0
        for prefix in ('cam', 'online_cam')
        for key in DROPS
    }
    scores.update(cam_agreement=50.0, online_cam_agreement=agreement)
    first, second = cam_summary(scores).splitlines()[-2:]
    assert first == 'Main and auxiliary CAM correlate by 50.0 %.'
    assert second.startswith('Online, main and auxiliary CAM ')
    assert expected in second
    assert 'nan' not in second


def test_cams_are_scored_without_masks(arguments, tmp_path, capsys):
    for mask in (tmp_path / 'shapes').rglob('SegmentationClass/*.png'):
        mask.unlink()
    arguments.remove('test_evaluator.2.fixed_threshold=0.4')
    cosa('eval-cam', '--without-masks', '--network=both', *arguments)
    out = capsys.readouterr().out
    assert 'Main and auxiliary CAM correlate by ' in out
    table = out.split('+\n')[-2]
    rows = [row.split('|')[1:-1] for row in table.splitlines() if '|' in row]
    assert [row[0].strip() for row in rows] == [
        'main CAM',
        'auxiliary CAM',
        'online, main CAM',
        'online, auxiliary CAM',
    ]
    for row in rows:
        average, increase, outside = map(float, row[1:])
        assert min(average, increase, outside) >= 0
        assert max(average, increase, outside) <= 100
    assert not [*(tmp_path / 'out').rglob('cam_sweep*')]
