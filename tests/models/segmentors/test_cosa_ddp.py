"""CoSA on two processes: in step with each other, equal to one process."""

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS

from tests.models.networks import small_batch, small_model
from tests.models.segmentors import steps

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
    for iteration in range(WARMUP + 2):
        model.module.iteration = iteration
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


def _train_half(rank: int, recipe: str, folder: str) -> None:
    """Steps of one process on its half of the images."""
    torch.set_num_threads(1)
    dist.init_process_group(
        'gloo', f'file://{folder}/init', rank=rank, world_size=2
    )
    model = MMDistributedDataParallel(
        steps.build(getattr(steps, recipe)()), broadcast_buffers=False
    )
    logs = list(steps.train(model, [slice(2 * rank, 2 * rank + 2)]))
    torch.save((logs, model.module.state_dict()), f'{folder}/{rank}.pt')
    dist.destroy_process_group()


@pytest.mark.ddp
@pytest.mark.parametrize(
    'recipe, batches',
    [
        # numbers of pixels are those of all processes
        ('paper_recipe', [slice(0, 4)]),
        # ... of each process: the same as batches that are accumulated
        ('released_recipe', [slice(0, 2), slice(2, 4)]),
    ],
)
def test_two_processes_equal_one(tmp_path, recipe, batches):
    mp.start_processes(
        _train_half, (recipe, str(tmp_path)), nprocs=2, start_method='fork'
    )
    halves = [torch.load(tmp_path / f'{rank}.pt') for rank in range(2)]
    model = steps.build(getattr(steps, recipe)())
    logs = list(steps.train(model, batches))
    for step, log in enumerate(logs):
        of_ranks = [rank_logs[step] for rank_logs, _ in halves]
        assert steps.losses_of(steps.mean_log(of_ranks)) == pytest.approx(
            steps.losses_of(log), rel=1e-5
        )
        assert of_ranks[0].get('xi') == of_ranks[1].get('xi')
    assert 'loss_energy' in log
    for _, state in halves:
        torch.testing.assert_close(
            state, model.state_dict(), rtol=1e-4, atol=1e-6
        )
    if recipe == 'paper_recipe':
        assert log['xi'] != 0.5  # it was fitted
