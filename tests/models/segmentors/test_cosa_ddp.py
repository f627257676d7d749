"""CoSA on two processes: one step of each phase, in step with each other."""

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.logging import MessageHub
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS

from tests.models.networks import small_batch, small_model

LABELS = ([[0], [1, 2]], [[2], [0, 1]])  # of each process
WARMUP = 2


def _train(rank: int, folder: str) -> None:
    """Two warm-up steps and two co-training steps of one process."""
    torch.set_num_threads(1)  # a forked process has no thread pool
    dist.init_process_group(
        'gloo', f'file://{folder}/init', rank=rank, world_size=2
    )
    torch.manual_seed(0)
    model = MODELS.build(small_model(train_cfg=dict(warmup_iters=WARMUP)))
    model = MMDistributedDataParallel(model, broadcast_buffers=False)
    wrapper = OptimWrapper(
        torch.optim.AdamW(model.module.online.parameters(), lr=1e-3)
    )
    model.train()
    hub = MessageHub.get_instance('ddp')
    for iteration in range(WARMUP + 2):
        hub.update_info('iter', iteration)
        # a parameter without gradient would make the next step fail
        losses = model.train_step(small_batch(LABELS[rank]), wrapper)
        assert ('loss_c2s' in losses) == (iteration >= WARMUP)
    torch.save(dict(model.module.named_parameters()), f'{folder}/{rank}.pt')
    dist.destroy_process_group()


@pytest.mark.ddp
def test_both_phases_keep_two_processes_equal(tmp_path):
    mp.start_processes(_train, (str(tmp_path),), nprocs=2, start_method='fork')
    states = [torch.load(tmp_path / f'{rank}.pt') for rank in range(2)]
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name
