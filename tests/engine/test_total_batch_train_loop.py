from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from cosa_mmseg.engine.loops import total_batch_train_loop as module
from cosa_mmseg.engine.loops.batch_norm_statistics import (
    share_batch_norm_statistics,
)
from cosa_mmseg.engine.loops.total_batch_train_loop import (
    TotalBatchTrainLoop,
    batches_per_step,
)


class Line(BaseModel):
    """Fits one number to the mean of the data."""

    def __init__(self):
        super().__init__()
        self.value = nn.Parameter(torch.zeros(()))

    def forward(self, x, mode='tensor'):
        return dict(loss=((self.value - x) ** 2).mean())


class Numbers(Dataset):
    metainfo = None

    def __len__(self):
        return 24

    def __getitem__(self, index):
        return dict(x=torch.tensor(float(index)))


class Trace(Hook):
    priority = 'LOWEST'

    def __init__(self):
        self.values, self.losses = [], []

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        self.values.append(runner.model.value.item())
        self.losses.append(float(outputs['loss']))


def run(
    tmp_path,
    batch_size,
    total,
    max_iters=4,
    sampler='InfiniteSampler',
    length=None,
    **settings,
):
    trace = Trace()
    runner = Runner(
        model=Line(),
        work_dir=str(tmp_path / f'{batch_size}'),
        train_dataloader=dict(
            dataset=Numbers(),
            sampler=dict(type=sampler, shuffle=False),
            batch_size=batch_size,
            num_workers=0,
            collate_fn=dict(type='default_collate'),
        ),
        train_cfg=dict(
            type='TotalBatchTrainLoop',
            total_batch_size=total,
            **(length or dict(max_iters=max_iters)),
        ),
        optim_wrapper=dict(
            type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1)
        ),
        default_hooks=dict(
            logger=None,
            checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2),
        ),
        custom_hooks=[trace],
        experiment_name=f'{tmp_path.name}_{batch_size}_{len(settings)}',
        log_level='WARNING',
        **settings,
    )
    runner.train()
    return runner, trace


def test_accumulated_steps_equal_large_batches(tmp_path):
    _, whole = run(tmp_path, batch_size=6, total=6)
    runner, parts = run(tmp_path, batch_size=2, total=6)
    assert runner.iter == 4
    assert parts.values == pytest.approx(whole.values, rel=1e-5)
    assert parts.losses == pytest.approx(whole.losses, rel=1e-5)


@pytest.mark.parametrize(
    ('length', 'expected'),
    [
        (dict(epochs=1.1), 5),  # 24 images, 6 a step
        (dict(epochs=0.1, iters_range=(3, 6)), 3),
        (dict(epochs=9, iters_range=(3, 6)), 6),
        (dict(epochs=9, max_iters=2), 2),
    ],
)
def test_the_length_follows_the_number_of_images(tmp_path, length, expected):
    runner, trace = run(tmp_path, batch_size=2, total=6, length=length)
    assert runner.iter == runner.max_iters == len(trace.values) == expected


def test_a_training_without_a_length_is_refused(tmp_path):
    with pytest.raises(ValueError, match='max_iters or train_cfg.epochs'):
        run(tmp_path, batch_size=2, total=6, length=dict(iters_range=(1, 2)))


@pytest.mark.parametrize('sampler', ['InfiniteSampler', 'DefaultSampler'])
def test_resumed_accumulation_equals_uninterrupted(
    sampler, tmp_path, monkeypatch
):
    said = []
    monkeypatch.setattr(module, 'print_log', lambda x, **_: said.append(x))
    settings = dict(batch_size=2, total=6, sampler=sampler)
    _, whole = run(tmp_path / 'whole', **settings)
    run(tmp_path / 'parts', **settings, max_iters=2)
    runner, rest = run(tmp_path / 'parts', **settings, resume=True)
    assert rest.values == whole.values[2:]
    # newer versions of mmengine have an InfiniteSampler that can
    if hasattr(runner.train_dataloader.sampler, 'skip'):
        assert not said
    else:
        (message,) = said
        assert message.startswith(
            f'{sampler} can not skip samples: those of 2 iterations are read'
        )


def test_a_total_that_can_not_be_reached_is_refused(tmp_path):
    with pytest.raises(ValueError, match='must be a multiple of .* got 6'):
        run(tmp_path, batch_size=4, total=6)
    assert batches_per_step(12, per_process=2, num_processes=3) == 2
    with pytest.raises(ValueError, match='batch_size=2 times 3 process'):
        batches_per_step(4, per_process=2, num_processes=3)
    with pytest.raises(ValueError, match='must be at least 1, got 0'):
        batches_per_step(0, per_process=2, num_processes=1)


def test_two_ways_to_accumulate_are_refused(tmp_path):
    with pytest.raises(ValueError, match='accumulative_counts=2'):
        Runner(
            model=Line(),
            work_dir=str(tmp_path),
            train_dataloader=dict(
                dataset=Numbers(),
                sampler=dict(type='InfiniteSampler'),
                batch_size=2,
                num_workers=0,
            ),
            train_cfg=dict(
                type='TotalBatchTrainLoop', max_iters=1, total_batch_size=4
            ),
            optim_wrapper=dict(
                type='OptimWrapper',
                optimizer=dict(type='SGD', lr=0.1),
                accumulative_counts=2,
            ),
            experiment_name=tmp_path.name,
        ).train()


def test_evaluations_are_due_from_their_begin_and_at_the_end():
    done = []
    loop = TotalBatchTrainLoop.__new__(TotalBatchTrainLoop)
    vars(loop).update(
        _runner=SimpleNamespace(
            val_loop=SimpleNamespace(run=lambda: done.append(loop.iter))
        ),
        _max_iters=9,
        val_begin=4,
        dynamic_milestones=[0],
        dynamic_intervals=[2],
    )
    for loop._iter in range(10):
        loop._validate_if_due()
    assert done == [4, 6, 8, 9]


def _share(rank: int, folder: str) -> None:
    """One of two processes, with statistics of its own."""
    torch.set_num_threads(1)  # a forked process has no thread pool
    dist.init_process_group(
        'gloo', f'file://{folder}/init', rank=rank, world_size=2
    )
    model = nn.ModuleList(
        [nn.BatchNorm1d(2), nn.SyncBatchNorm(2), nn.BatchNorm1d(2).eval()]
    )
    for layer in model:
        layer.running_mean.fill_(rank)
        layer.running_var.fill_(4 + 2 * rank)
    share_batch_norm_statistics(model)
    values = [[x.running_mean[0], x.running_var[0]] for x in model]
    torch.save(torch.tensor(values), f'{folder}/{rank}.pt')
    dist.destroy_process_group()


@pytest.mark.ddp
def test_processes_share_the_mean_of_their_statistics(tmp_path):
    mp.start_processes(_share, (str(tmp_path),), nprocs=2, start_method='fork')
    for rank in range(2):
        own = [rank, 4 + 2 * rank]  # synchronised anyhow, and not in training
        found = torch.load(tmp_path / f'{rank}.pt').tolist()
        assert found == [[0.5, 5.0], own, own]
