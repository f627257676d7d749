"""Runs with tools that only pretend to train."""

import json
import re
import threading
import time

import pytest

from tools.lab.ablation import (
    Launcher,
    Run,
    RunError,
    execute,
    load_arms,
)
from tools.lab.ablation.execution import _locked

from .fakes import (
    write_arms,
    write_lists,
    write_tools,
)

SPLITS = ['val', 'other']


@pytest.fixture
def make_run(tmp_path):
    """Makes a run of an arm with a behaviour, and its launcher."""
    write_tools(tmp_path / 'tools')
    write_lists(tmp_path / 'set', train=3, val=2, other=1)

    def make(seed=7, **arm):
        folder = tmp_path / 'arms'
        write_arms(folder, tmp_path / 'set', a=arm)
        run = Run(load_arms(folder)[0], seed, tmp_path / 'work')
        return run, Launcher(tmp_path / 'tools', threads=3, heartbeat=0.05)

    return make


def test_results_of_a_whole_run(make_run):
    run, launcher = make_run()
    assert not run.is_finished(SPLITS)
    results = execute(run, SPLITS, launcher)
    assert json.loads((run.folder / 'results.json').read_text()) == results
    assert run.is_finished(SPLITS)
    assert results['scores'] == {  # NaN is none, times are no scores
        'val': {'mIoU': 17.0, 'context_fp': None},
        'other': {'mIoU': 27.0, 'context_fp': None},
    }
    assert results['images'] == {'train': 3, 'val': 2, 'other': 1}
    assert (results['arm'], results['seed']) == ('a', 7)
    assert (results['iterations'], results['batch']) == (2, 4)
    assert re.fullmatch('[0-9a-f]{12}', results['config'])
    assert {'python', 'torch', 'mmseg'} <= set(results['versions'])
    assert 0 < results['seconds']['train'] < 10
    assert 0 < results['seconds']['test'] < 10
    assert results['starts'] == 1
    log = (run.folder / 'train.log').read_text()
    assert log == "from nothing ['randomness.seed=7'] 3\n"
    assert str(run.work_dir) not in json.dumps(results)


def test_only_what_is_missing_is_run(make_run):
    run, launcher = make_run()
    execute(run, ['val'], launcher)
    assert not run.is_finished(SPLITS)
    results = execute(run, SPLITS, launcher)
    assert list(results['scores']) == SPLITS
    assert (run.folder / 'train.log').read_text().count('from') == 1
    log = (run.folder / 'test.log').read_text()
    assert log == 'tested val\ntested other\n'


def test_killed_run_resumes_and_its_time_adds_up(make_run):
    run, launcher = make_run(behaviour='hang')
    log = run.folder / 'train.log'

    def kill():
        while not log.exists() or 'hanging' not in log.read_text():
            time.sleep(0.01)
        time.sleep(0.2)
        launcher.stop()

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(RunError, match='stopped'):
        execute(run, SPLITS, launcher)
    killer.join()
    with pytest.raises(RunError, match='stopped'):  # nothing starts any more
        execute(run, SPLITS, launcher)
    spent = run.read_progress()['seconds']['train']
    assert spent >= 0.2

    launcher = Launcher(launcher.tools, threads=1)
    results = execute(run, SPLITS, launcher)
    assert f'from {run.folder / "iter_1.pth"}' in log.read_text()
    assert results['starts'] == 3
    assert results['seconds']['train'] >= spent
    assert results['scores']['val']['mIoU'] == 17.0


def test_time_is_written_while_a_process_runs(make_run):
    run, launcher = make_run(behaviour='hang')
    thread = threading.Thread(target=_execute_quietly, args=(run, launcher))
    thread.start()
    deadline = time.monotonic() + 20
    seconds = 0
    while seconds < 0.1 and time.monotonic() < deadline:
        time.sleep(0.02)
        if (run.folder / 'progress.json').exists():
            seconds = run.read_progress()['seconds']['train']
    launcher.stop()
    thread.join()
    assert seconds >= 0.1


def _execute_quietly(run, launcher):
    with pytest.raises(RunError):
        execute(run, SPLITS, launcher)


def test_failure_shows_the_end_of_the_log(make_run):
    run, launcher = make_run(behaviour='fail')
    with pytest.raises(RunError) as caught:
        execute(run, SPLITS, launcher)
    message = str(caught.value)
    assert message.startswith(f'exit code 1, see {run.folder}/train.log:\n')
    assert message.endswith('RuntimeError: out of patience')
    assert 'first line' not in message
    assert run.read_results() == {}


def test_missing_checkpoint_and_score_are_said(make_run):
    run, launcher = make_run(behaviour='forget')
    with pytest.raises(RunError, match=r'left no .*iter_2\.pth'):
        execute(run, SPLITS, launcher)
    for seed, score in enumerate(['nix', 'context_fp']):
        run, launcher = make_run(seed, score=score)
        message = f'{score} of arm a is NaN or none .* mIoU, context_fp'
        with pytest.raises(RunError, match=message):
            execute(run, SPLITS, launcher)


def test_an_older_checkpoint_is_not_the_last(make_run):
    run, _ = make_run()
    run.folder.mkdir(parents=True)
    for name in ('iter_1.pth', 'iter_2.pth'):
        (run.folder / name).touch()
    assert not run.is_trained  # iter_2.pth may not be whole
    (run.folder / 'last_checkpoint').write_text('somewhere/iter_1.pth')
    assert not run.is_trained
    (run.folder / 'last_checkpoint').write_text('somewhere/iter_2.pth')
    assert run.is_trained
    (run.folder / 'last_checkpoint').write_bytes(b'\xff')
    assert not run.is_trained


def test_changed_settings(make_run, tmp_path):
    run, launcher = make_run()
    execute(run, ['val'], launcher)
    config = run.arm.config
    text = config.read_text()

    # evaluation alone: it is done again, the training is kept
    config.write_text(text.replace('IoUMetric', 'OtherMetric'))
    run = Run(load_arms(config.parent)[0], run.seed, run.work_dir)
    assert not run.is_finished(['val'])
    execute(run, ['val'], launcher)
    assert run.is_finished(['val'])
    assert (run.folder / 'train.log').read_text().count('from') == 1
    assert (run.folder / 'test.log').read_text().count('tested val') == 2

    # training: nothing is mixed
    config.write_text(text.replace('size=2', 'size=4'))
    run = Run(load_arms(config.parent)[0], run.seed, run.work_dir)
    with pytest.raises(ValueError, match='trained with other settings than'):
        execute(run, ['val'], launcher)


def test_one_process_at_a_time(make_run):
    run, launcher = make_run()
    run.folder.mkdir(parents=True)
    with (
        _locked(run.folder),
        pytest.raises(RunError, match='is in use by another process'),
    ):
        execute(run, SPLITS, launcher)
    execute(run, SPLITS, launcher)
