"""Two processes that torchrun starts, on a CPU."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cosa_mmseg.engine.checkpoints import find_good_checkpoint
from tests.golden import ROOT

DYING = """
_base_ = 'toy.py'
custom_imports = dict(
    imports=['cosa_mmseg', 'tests.cli.toy', 'tests.cli.dying'])
custom_hooks = [dict(type='DyingHook', rank=0, iteration=7)]
train_cfg = dict(max_iters=9, val_interval=9)
default_hooks = dict(checkpoint=dict(interval=3, save_best=None))
"""


def torchrun(config, *options):
    """A torchrun with a process of its own, as on one of two machines."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1')
    call = [sys.executable, '-m', 'torch.distributed.run', *options]
    return subprocess.Popen(
        [*call, ROOT / 'tools/train.py', config, '--launcher', 'pytorch'],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def two_machines(config):
    """Two torchruns that find each other; what they print, exit codes."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    options = [
        '--nnodes=2',
        '--nproc-per-node=1',
        '--rdzv-backend=c10d',
        f'--rdzv-endpoint=127.0.0.1:{port}',
        '--local-addr=127.0.0.1',
    ]
    agents = [torchrun(config, *options) for _ in range(2)]
    try:
        printed = [agent.communicate(timeout=120)[0] for agent in agents]
    finally:
        for agent in agents:
            agent.kill()
    return printed, [agent.returncode for agent in agents]


@pytest.mark.ddp
@pytest.mark.slow
def test_two_machines_train_and_evaluate(toy_config):
    printed, codes = two_machines(toy_config)
    assert codes == [0, 0], printed
    assert 'Iter(val) [2/2]    mean: ' in ''.join(printed)  # 8 images, 2 x 2
    found = find_good_checkpoint('work_dirs/toy')
    assert found == Path('work_dirs/toy/iter_4.pth')


@pytest.mark.ddp
@pytest.mark.slow
def test_the_other_ends_when_one_is_killed(toy_config):
    Path('dying.py').write_text(DYING)
    start = time.monotonic()
    printed, codes = two_machines('dying.py')
    assert time.monotonic() - start < 60
    assert codes == [1, 1]
    sentence = 'error: another process of this run has ended, or does not answ'
    assert sum(sentence in text for text in printed) == 1
    assert '(noticed by rank 1)' in ''.join(printed)
    assert sum('Signal 9 (SIGKILL)' in text for text in printed) == 1
    found = find_good_checkpoint('work_dirs/dying')
    assert found == Path('work_dirs/dying/iter_6.pth')
