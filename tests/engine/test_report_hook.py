"""The report that a training writes."""

import json
import logging
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cosa_mmseg.datasets import CheckedSegDataset
from cosa_mmseg.datasets.shapes.shapes import write_shapes
from cosa_mmseg.engine.hooks import ReportHook, report_hook
from cosa_mmseg.visualization.report import (
    page,
    read_training,
)
from tests.engine.watched_runs import train, watched_config


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    root = tmp_path_factory.mktemp('shapes') / 'set'
    write_shapes(root, num_train=8, num_eval=3, size=48)
    work_dir = tmp_path_factory.mktemp('work')
    settings = dict(train_cfg__max_iters=2, default_hooks__pictures__images=1)
    train(watched_config(root, work_dir, **settings))
    return root, work_dir


def test_a_training_ends_with_its_report(trained):
    _, work_dir = trained
    record = read_training(work_dir)
    (run,) = record.runs
    assert run.steps == (1, 2)
    assert run.info['finished'] and run.info['max_iters'] == 2
    assert run.info['seed'] == 0 and run.info['command'].startswith('python ')
    assert {'torch', 'cosa_mmseg', 'python'} <= set(run.info['versions'])
    html = (work_dir / 'report.html').read_text()
    assert 'Finished: 2 iterations.' in html
    assert html.count('data:image/jpeg') == 1


def test_the_confusions_are_those_of_the_scores(trained):
    _, work_dir = trained
    record = read_training(work_dir)
    confusion = record.confusion
    matrix = np.array(confusion['matrix'])
    assert confusion['iteration'] == 2
    assert confusion['classes'][:2] == ['background', 'boat']
    hit, true, predicted = matrix.diagonal(), matrix.sum(1), matrix.sum(0)
    with np.errstate(invalid='ignore'):
        iou = hit / (true + predicted - hit)
    ((_, miou),) = record.series('mIoU')
    assert 100 * np.nanmean(iou) == pytest.approx(miou, abs=0.01)
    assert matrix.sum() <= 3 * 48 * 48  # each of the three images once


@pytest.mark.parametrize('rank, last', [(0, 1), (1, 0)])
def test_an_image_that_was_dealt_twice_counts_once(
    tmp_path, monkeypatch, rank, last
):
    # three images for two processes: the second one's last is the first's
    monkeypatch.setattr(report_hook, 'get_dist_info', lambda: (rank, 2))
    written = []
    monkeypatch.setattr(
        report_hook, 'write_json', lambda path, it: written.append(it)
    )
    hook = ReportHook()
    hook._counts = [torch.tensor([[4, 0], [0, 0]]), torch.tensor([[0, 1]] * 2)]
    hook._num_images = 2
    loader = SimpleNamespace(dataset=ThreeImages())
    runner = SimpleNamespace(val_dataloader=loader, iter=7, log_dir=tmp_path)
    hook.after_val_epoch(runner)
    assert written[0]['matrix'] == [[4, last], [0, last]]


def test_scores_of_images_that_are_trained_with_say_so(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(report_hook, 'count_shared', lambda train, scored: 2)
    loader = SimpleNamespace(dataset=ThreeImages())
    runner = SimpleNamespace(
        seed=0,
        max_iters=1,
        val_loop=loader,
        train_dataloader=loader,
        val_dataloader=loader,
        iter=7,
        log_dir=tmp_path,
        logger=logging.getLogger('a'),
    )
    hook = ReportHook()
    hook.before_train(runner)
    info = json.loads((tmp_path / 'run.json').read_text())
    assert (info['trained_and_scored'], info['scored_images']) == (2, 3)
    hook.after_val_epoch(runner)
    (said,) = caplog.messages
    assert said.startswith('iteration 7: 2 of the 3 images that are scored')


def test_skipped_images_are_counted(trained, tmp_path):
    root = tmp_path / 'set'
    shutil.copytree(trained[0], root)
    next((root / 'JPEGImages').glob('train_*')).write_bytes(b'')
    cfg = watched_config(root, tmp_path / 'work')
    cfg.train_dataloader.dataset.on_error = 'skip'
    cfg.default_hooks.pictures.images = 0
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    train(cfg)  # 4 iterations of 2: each image once
    (run,) = read_training(tmp_path / 'work').runs
    assert (run.info['skipped'], run.info['train_images']) == (1, 8)
    html = (tmp_path / 'work' / 'report.html').read_text()
    assert '1 of 8 training images could not be used' in html


def test_what_several_processes_skipped_counts_once(monkeypatch):
    def all_reduce(data, op):
        assert op == 'max'
        data[:] = torch.maximum(data, torch.tensor([0, 1, 1, 0, 0]))

    monkeypatch.setattr(report_hook, 'all_reduce', all_reduce)
    parts = [checked_set([1, 1, 0]), checked_set([0, 0])]
    joined = SimpleNamespace(datasets=[*parts, ThreeImages()])
    dataset = SimpleNamespace(dataset=joined)
    found = report_hook._count_skipped(dataset)
    assert found == dict(skipped=3, train_images=5)
    assert parts[0].skipped.tolist() == [1, 1, 0]
    parts[0].on_error = parts[1].on_error = 'raise'
    assert report_hook._count_skipped(dataset) == {}


def checked_set(skipped):
    """A training set of which some images were skipped."""
    dataset = CheckedSegDataset(lazy_init=True, on_error='skip')
    dataset.skipped = torch.tensor(skipped, dtype=torch.uint8)
    return dataset


class ThreeImages:
    metainfo = dict(classes=('a', 'b'))

    def __len__(self):
        return 3


@pytest.mark.parametrize(
    'error',
    [OSError(28, 'No space left on device'), KeyError('a'), RecursionError()],
    ids=repr,
)
def test_a_page_that_can_not_be_written_costs_no_training(
    trained, tmp_path, monkeypatch, capsys, error
):
    def full(*args):
        raise error

    monkeypatch.setattr(page, 'read_training', full)
    settings = dict(
        train_cfg__max_iters=1,
        train_cfg__val_interval=10,
        default_hooks__pictures__images=0,
    )
    cfg = watched_config(trained[0], tmp_path, **settings)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.param_scheduler = None
    runner = train(cfg)
    assert runner.iter == 1
    assert 'the report is not written: ' in capsys.readouterr().out
    (info,) = tmp_path.glob('*/run.json')
    assert json.loads(info.read_text())['finished']
    assert not list(tmp_path.glob('*/confusion.json'))
