import errno
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from torch import nn

from cosa_mmseg.engine.hooks import NonFiniteLossError, NonFiniteLossHook
from cosa_mmseg.engine.hooks import non_finite_loss_hook as module
from cosa_mmseg.engine.hooks.non_finite_loss_hook import loss_terms
from cosa_mmseg.engine.replay import StepDump
from cosa_mmseg.utils import host
from tests.engine.replay.runs import (
    BREAKS,
    DUMP,
    broken_config,
    run_config,
    train,
)
from tests.waits import NoWaits


def as_on_a_gpu(monkeypatch):
    """Losses take a while to the host."""
    monkeypatch.setattr(host, 'on_host', lambda x: False)


@pytest.fixture(scope='module')
def healthy(tmp_path_factory):
    """State of a run after the iterations that are well."""
    return train(run_config(tmp_path_factory.mktemp('healthy'), BREAKS))


@pytest.mark.parametrize('deferred', [False, True])
@pytest.mark.parametrize('batch_size', [2, 1])
def test_a_run_stops_and_dumps_the_state_before(
    deferred, batch_size, healthy, tmp_path, monkeypatch
):
    if deferred:
        as_on_a_gpu(monkeypatch)
    cfg = broken_config(tmp_path)
    cfg.train_dataloader.batch_size = batch_size
    with pytest.raises(NonFiniteLossError) as caught:
        train(cfg)
    images = {2: '6.jpg, 7.jpg', 1: '6.jpg'}[batch_size]
    assert str(caught.value).startswith(
        f'loss_c2s is -inf in iteration 4, on the images {images}; nothing '
    )
    assert str(caught.value).endswith(
        f'cosa replay {tmp_path / "CONFIG"} {tmp_path / DUMP}'
    )
    dump = StepDump.load(tmp_path / DUMP)
    assert (dump.iteration, dump.rank, dump.world_size) == (BREAKS, 0, 1)
    if batch_size == 2:  # halves of the batch have other dropout
        for name, value in healthy.model.state_dict().items():
            torch.testing.assert_close(
                dump.state[name], value, rtol=0, atol=0, msg=name
            )


class Toy(nn.Module):
    """A loss of a number, and what is not trained."""

    def __init__(self, loss):
        super().__init__()
        self.number = nn.Parameter(torch.tensor(0.0))
        self.register_buffer('calls', torch.tensor(0))
        self.loss = loss

    def forward(self, inputs, mode):
        self.calls += 1
        return dict(loss=self.loss(self.number * inputs), other=self.number)


def follow(model, tmp_path):
    """A hook that follows a model; optimiser and runner."""
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1))
    runner = SimpleNamespace(
        model=model,
        optim_wrapper=wrapper,
        iter=6,
        max_iters=9,
        work_dir=str(tmp_path),
        cfg=Config(),
    )
    hook = NonFiniteLossHook()
    hook.before_train(runner)
    return hook, wrapper.optimizer, runner


def step(model, optimizer, **kwargs):
    model(torch.ones(2), mode='loss')['loss'].sum().backward()
    optimizer.step()


def test_the_host_waits_in_the_optimisers_step_only(tmp_path, monkeypatch):
    as_on_a_gpu(monkeypatch)
    model = Toy(lambda x: x.log())  # -inf
    _, optimizer, _ = follow(model, tmp_path)
    with NoWaits():
        model(torch.ones(2), mode='loss')['loss'].sum().backward()
    with pytest.raises(NonFiniteLossError, match='iteration 7, on the images'):
        optimizer.step()
    assert model.number == 0
    dump = StepDump.load(tmp_path / 'non_finite_iter_7_rank_0.dump')
    assert dump.state['calls'] == 0  # and not the 1 that it is now
    assert dump.images == ['number 0 of the batch', 'number 1 of the batch']
    assert dump.terms == {'loss': -torch.inf}


def test_a_step_that_the_optimiser_left_out_is_looked_at(
    tmp_path, monkeypatch
):
    as_on_a_gpu(monkeypatch)  # and in fp16, whose gradients are not finite
    model = Toy(lambda x: x.log())
    hook, _, runner = follow(model, tmp_path)
    model(torch.ones(2), mode='loss')
    with pytest.raises(NonFiniteLossError):
        hook.after_train_iter(runner, 0)


def test_a_gradient_that_is_not_finite_is_not_a_loss(tmp_path):
    model = Toy(lambda x: x.sqrt())
    hook, optimizer, runner = follow(model, tmp_path)
    step(model, optimizer)
    hook.after_train_iter(runner, 0)
    assert not model.number.isfinite()
    with pytest.raises(NonFiniteLossError) as caught:  # the next one
        step(model, optimizer)
    assert 'loss is nan' in str(caught.value)


def test_predictions_and_other_quantities_may_be_anything(tmp_path):
    model = Toy(lambda x: x.log())
    follow(model, tmp_path)
    model(torch.ones(2), mode='predict')
    model.loss = torch.exp
    model.number.data.fill_(-torch.inf)  # exp(-inf) = 0
    model(torch.ones(2), mode='loss')


def test_losses_are_added_up_as_by_mmengine():
    x = torch.tensor([1.0, 3.0], requires_grad=True)
    output = dict(loss_a=x, accuracy=x, b_loss=[x, 2 * x.half()], pos=[x])
    terms = loss_terms(output)
    assert {name: term.item() for name, term in terms.items()} == dict(
        loss_a=2.0, b_loss=6.0
    )
    for term in terms.values():
        assert term.dtype == torch.float32 and not term.requires_grad


def test_after_the_training_nothing_is_followed(tmp_path):
    model = Toy(lambda x: x.log())
    hook, optimizer, runner = follow(model, tmp_path)
    hook.after_train(runner)
    step(model, optimizer)


def test_the_error_comes_where_the_dump_can_not(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(torch, 'save', full)
    model = Toy(lambda x: x.log())
    follow(model, tmp_path)
    with pytest.raises(NonFiniteLossError, match='No space left on device'):
        model(torch.ones(2), mode='loss')
    assert list(tmp_path.iterdir()) == []


def test_the_process_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(module, 'get_rank', lambda: 3)
    monkeypatch.setattr(module, 'get_world_size', lambda: 4)
    model = Toy(lambda x: x.log())
    follow(model, tmp_path)
    with pytest.raises(NonFiniteLossError, match='iteration 7, process 3, on'):
        model(torch.ones(2), mode='loss')
    dump = StepDump.load(tmp_path / 'non_finite_iter_7_rank_3.dump')
    assert (dump.rank, dump.world_size) == (3, 4)


def _one_of_two(rank: int, folder: str) -> None:
    """A process, the second of which has a loss of -inf."""
    torch.set_num_threads(1)  # a forked process has no thread pool
    dist.init_process_group(
        'gloo', f'file://{folder}/init', rank=rank, world_size=2
    )
    model = Toy(torch.exp if rank == 0 else torch.log)
    follow(model, folder)
    with pytest.raises(NonFiniteLossError) as caught:
        model(torch.ones(2), mode='loss')
    Path(folder, f'{rank}.txt').write_text(str(caught.value))
    dist.destroy_process_group()


@pytest.mark.ddp
def test_all_processes_stop(tmp_path):
    mp.start_processes(
        _one_of_two, (str(tmp_path),), nprocs=2, start_method='fork'
    )
    first, second = ((tmp_path / f'{i}.txt').read_text() for i in range(2))
    assert first.startswith('a loss of another process is not finite in iter')
    assert second.startswith('loss is -inf in iteration 7, process 1, on the')
    dumps = [path.name for path in tmp_path.glob('*.dump')]
    assert dumps == ['non_finite_iter_7_rank_1.dump']
