import pytest
import torch
from mmengine.config import Config

from cosa_mmseg.utils.distributed import (
    LostProcessError,
    connect_cpu_processes,
    naming_lost_processes,
)

GLOO = '[/third_party/gloo/gloo/transport/tcp/pair.cc:545] Connection closed'


@pytest.mark.parametrize(
    'error', [RuntimeError(GLOO), torch.distributed.DistBackendError('NCCL')]
)
def test_a_lost_process_is_named(error):
    lost = pytest.raises(LostProcessError, match='another process')
    with lost as caught, naming_lost_processes():
        raise error
    assert caught.value.__cause__ is error


def test_other_errors_stay():
    other = pytest.raises(RuntimeError, match='^shapes differ$')
    with other, naming_lost_processes():
        raise RuntimeError('shapes differ')


def test_a_process_that_torchrun_did_not_start_is_told_so(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.delenv('RANK', raising=False)
    with pytest.raises(ValueError, match='torchrun --nproc-per-node 2 tools'):
        connect_cpu_processes(Config(dict(launcher='pytorch')))


def test_others_are_left_alone(monkeypatch):
    cfg = Config(dict(launcher='none'))
    connect_cpu_processes(cfg)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    cfg.launcher = 'pytorch'
    connect_cpu_processes(cfg)
    assert 'model_wrapper_cfg' not in cfg
    assert not torch.distributed.is_initialized()
