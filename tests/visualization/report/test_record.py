"""What is read of a work dir."""

import math

import pytest

from cosa_mmseg.visualization.report import read_training

from .folders import (
    train_row,
    val_row,
    write_run,
)


def test_a_resumed_run_replaces_what_it_did_again(tmp_path):
    first = [train_row(step, xi=0.1) for step in (50, 100, 150)]
    second = [train_row(step, xi=0.2) for step in (150, 200)]
    write_run(tmp_path, '1', [*first, val_row(150, mIoU=10.0)])
    write_run(tmp_path, '2', [*second, val_row(200)], info=dict(seed=3))
    record = read_training(tmp_path)
    assert record.series('xi') == [
        (50, 0.1),
        (100, 0.1),
        (150, 0.2),
        (200, 0.2),
    ]
    assert record.series('mIoU') == [(200, 50.0)]
    assert [run.steps for run in record.runs] == [(50, 150), (150, 200)]
    assert [run.info for run in record.runs] == [{}, dict(seed=3)]
    assert record.state.endswith('ends at iteration 200.')


def test_what_a_killed_run_left_is_read(tmp_path):
    folder = write_run(tmp_path, '1', [train_row(50)], info=dict(seed=3))
    with (folder / 'vis_data' / 'scalars.json').open('a') as file:
        file.write('{"loss": NaN, "xi": 0.5, "step": 100, "iter": 100}\n')
        file.write('[1]\n{"xi": 0.6, "st')
    (folder / 'confusion.json').write_text('{"iter')
    (folder / 'vis_data' / 'config.py').write_text('a = 1\n')
    record = read_training(tmp_path)
    assert record.series('xi') == [(50, 0.4), (100, 0.5)]
    assert record.series('loss') == [(50, 1.5)]
    assert math.isnan(record.rows[-1]['loss'])
    assert record.confusion is None
    assert record.config == 'a = 1\n'
    assert record.scores == {}


def test_pictures_are_in_order_and_of_all_runs(tmp_path):
    write_run(tmp_path, '1', [], dict(a_b=[90, 100], c=[90]), info={'x': 1})
    new = write_run(tmp_path, '2', [], dict(a_b=[1000, 100]), info={'x': 1})
    (new / 'vis_data' / 'vis_image' / 'other_7.png').write_bytes(b'')
    pictures = read_training(tmp_path).pictures
    assert {k: sorted(v) for k, v in pictures.items()} == {
        'a_b': [90, 100, 1000],
        'c': [90],
    }
    assert pictures['a_b'][100].is_relative_to(new)


def test_other_folders_are_no_runs(tmp_path):
    (tmp_path / '20260101' / 'vis_data').mkdir(parents=True)  # of a test
    with pytest.raises(FileNotFoundError, match='holds no training'):
        read_training(tmp_path)
    with pytest.raises(FileNotFoundError, match='nowhere is no folder'):
        read_training(tmp_path / 'nowhere')
