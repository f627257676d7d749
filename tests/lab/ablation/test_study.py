import os
import signal
import threading
import time

import pytest

from tools.lab.ablation import (
    Launcher,
    Run,
    execute_all,
    load_arms,
)

from .fakes import (
    write_arms,
    write_lists,
    write_tools,
)


@pytest.fixture
def make_runs(tmp_path):
    def make(seeds=(0, 1), **arms):
        write_tools(tmp_path / 'tools')
        write_lists(tmp_path / 'set', train=3, val=2)
        folder = write_arms(tmp_path / 'arms', tmp_path / 'set', **arms)
        loaded = load_arms(folder)
        runs = [
            Run(arm, seed, tmp_path / 'work')
            for seed in seeds
            for arm in loaded
        ]
        return runs, Launcher(tmp_path / 'tools', threads=1, heartbeat=0.1)

    return make


def test_a_failure_does_not_stop_the_others(make_runs):
    runs, launcher = make_runs(bad={'behaviour': 'fail'}, good={})
    lines = []
    failed = execute_all(runs, ['val'], launcher, 2, lines.append)
    assert failed == 2
    assert [run.is_finished(['val']) for run in runs] == [False, True] * 2
    text = '\n'.join(lines)
    assert text.count(': start') == 4
    assert 'bad seed 1: FAILED after 0.0 min: exit code 1' in text
    assert 'RuntimeError: out of patience' in text
    assert 'good seed 1: done after 0.0 min, mIoU: val 11.0' in text


def test_jobs_run_at_the_same_time(make_runs):
    runs, launcher = make_runs(seeds=range(3), a={'behaviour': 'hang'})
    lines = []

    def wait_for_two():
        logs = [run.folder / 'train.log' for run in runs]
        while sum('hang' in read(log) for log in logs) < 2:
            time.sleep(0.02)
        launcher.stop()

    waiter = threading.Thread(target=wait_for_two)
    waiter.start()
    assert execute_all(runs, ['val'], launcher, 2, lines.append) == 3
    waiter.join()
    assert not (runs[2].folder / 'train.log').read_text()


def test_an_interrupt_ends_all_processes(make_runs, request):
    runs, launcher = make_runs(seeds=range(4), a={'behaviour': 'hang'})
    log = runs[0].folder / 'train.log'
    # a shell's background process ignores it
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))

    def interrupt():
        while 'hang' not in read(log):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    lines = []
    threading.Thread(target=interrupt).start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        execute_all(runs, ['val'], launcher, 1, lines.append)
    assert time.monotonic() - start < 20  # it would hang for 60 s
    assert not runs[3].folder.exists()


def read(path):
    return path.read_text() if path.exists() else ''
