"""Several processes: on machines without a GPU, and when one of them ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from mmengine.config import Config
from torch import distributed as dist


class LostProcessError(RuntimeError):
    """Another process of the run does not answer; the message says so."""


def connect_cpu_processes(cfg: Config) -> None:
    """Connects the processes of ``torchrun`` where there is no CUDA device.

    mmengine's launcher ``pytorch`` asks for CUDA devices, but leaves processes
    alone that are connected already.  Nothing is done where CUDA is available
    or the launcher is another.

    Args:
        cfg: Config of the run.  ``env_cfg.dist_cfg.timeout`` (s) is used,
            ``model_wrapper_cfg`` is set.

    Raises:
        ValueError: If ``torchrun`` did not start this process.
    """
    if cfg.get('launcher') != 'pytorch' or torch.cuda.is_available():
        return
    if 'RANK' not in os.environ:
        raise ValueError(
            '--launcher pytorch is for processes that torchrun starts: '
            'torchrun --nproc-per-node 2 tools/train.py CONFIG --launcher '
            'pytorch'
        )
    seconds = cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout')
    limit = None if seconds is None else timedelta(seconds=seconds)
    dist.init_process_group('gloo', timeout=limit)
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
        device_ids=None,  # a CPU has no number
    )


@contextmanager
def naming_lost_processes() -> Iterator[None]:
    """Says what it means that processes can no longer talk to each other.

    Raises:
        LostProcessError: In the place of the error of gloo or NCCL.
    """
    try:
        yield
    except RuntimeError as err:
        is_lost = isinstance(err, dist.DistBackendError)
        if not is_lost and 'gloo/transport' not in str(err):
            raise
        rank = dist.get_rank() if dist.is_initialized() else None
        raise LostProcessError(
            'another process of this run has ended, or does not answer '
            f'(noticed by rank {rank}): what it printed last says why; go on '
            f'with --resume ({str(err).splitlines()[0][:200]})'
        ) from err
