from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS
from torch import nn

from cosa_mmseg.engine.hooks import AssignmentEMAHook
from tests.models.networks import small_model


class Pair(nn.Module):
    """A number, a float buffer and a counter in each of two networks."""

    def __init__(self) -> None:
        super().__init__()
        for name, value in (('online', 10.0), ('assignment', 0.0)):
            net = nn.Module()
            net.weight = nn.Parameter(torch.tensor(value))
            net.register_buffer('mean', torch.tensor(2 * value))
            net.register_buffer('count', torch.tensor(int(value)))
            setattr(self, name, net)


def runner_of(model, accumulative_counts=1):
    wrapper = OptimWrapper(
        torch.optim.SGD(model.parameters(), lr=0.0),
        accumulative_counts=accumulative_counts,
    )
    return SimpleNamespace(model=model, optim_wrapper=wrapper)


def step(runner, hook, count=1):
    for _ in range(count):
        loss = sum(p.sum() for p in runner.model.parameters())
        runner.optim_wrapper.update_params(loss)
        hook.after_train_iter(runner, 0)


def test_exact_numbers_after_one_and_three_steps():
    model = Pair()
    runner, hook = runner_of(model), AssignmentEMAHook(momentum=0.1)
    step(runner, hook)
    assert model.assignment.weight.item() == pytest.approx(1.0)
    assert model.assignment.mean.item() == pytest.approx(2.0)
    assert model.assignment.count.item() == 10
    step(runner, hook, 2)  # 10 * (1 - .9 ** 3)
    assert model.assignment.weight.item() == pytest.approx(2.71)
    assert model.assignment.mean.item() == pytest.approx(5.42)
    assert model.online.weight.item() == 10


def test_the_model_is_told_the_iteration():
    runner = runner_of(MODELS.build(small_model()))
    runner.iter, runner.max_iters = 7, 9
    assert runner.model.iteration == 0
    AssignmentEMAHook().before_train_iter(runner, 0)
    assert (runner.model.iteration, runner.model.max_iters) == (7, 9)


def two_batch_norms(width):
    return nn.ModuleDict(
        {
            name: nn.Sequential(nn.BatchNorm1d(width))
            for name in ('online', 'assignment')
        }
    )


def test_statistics_of_a_new_batch_norm_are_the_mean_of_those_seen():
    model = two_batch_norms(2)
    runner, hook = runner_of(model), AssignmentEMAHook(momentum=0.1)
    hook.before_train(runner)
    seen = []
    for _ in range(3):
        model.online(torch.randn(8, 2) * 5 + 20)
        seen.append(model.online[0].running_var.clone())
        hook.after_train_iter(runner, 0)
    mean = torch.stack(seen).mean(0)
    learned = model.assignment[0]
    torch.testing.assert_close(learned.running_var, mean)
    assert learned.num_batches_tracked == 3
    assert torch.equal(learned.weight, torch.ones(2))


def test_statistics_of_a_pretrained_batch_norm_move_with_the_momentum():
    model = two_batch_norms(1)
    for network in model.values():
        network[0].num_batches_tracked.fill_(1000)
    model.online[0].running_mean.fill_(3.0)
    runner, hook = runner_of(model), AssignmentEMAHook(momentum=0.1)
    hook.after_train_iter(runner, 0)
    assert model.assignment[0].running_mean.item() == pytest.approx(0.3)


def test_a_buffer_made_for_the_size_of_images_is_left_alone():
    model = Pair()
    model.online.register_buffer('mean', torch.ones(3))
    runner, hook = runner_of(model), AssignmentEMAHook(momentum=0.1)
    step(runner, hook)
    assert torch.equal(model.assignment.mean, torch.tensor(0.0))
    assert model.assignment.weight.item() == pytest.approx(1.0)


def test_moves_once_per_optimiser_step_under_accumulation():
    model = Pair()
    runner, hook = runner_of(model, 4), AssignmentEMAHook(momentum=0.1)
    step(runner, hook, 3)
    assert model.assignment.weight.item() == 0
    step(runner, hook)
    assert model.assignment.weight.item() == pytest.approx(1.0)


@pytest.mark.parametrize(('copy', 'expected'), [(True, 10), (False, 0)])
def test_starts_as_a_copy_unless_told_otherwise(copy, expected):
    model = Pair()
    hook = AssignmentEMAHook(copy_at_start=copy)
    hook.before_train(runner_of(model))
    assert model.assignment.weight.item() == expected


def started(model, **state):
    """A model whose training starts from a checkpoint."""
    runner, hook = runner_of(model), AssignmentEMAHook()
    state = {name.replace('__', '.'): value for name, value in state.items()}
    hook.after_load_checkpoint(runner, dict(state_dict=state))
    hook.before_train(runner)
    return model.assignment


def test_a_loaded_assignment_network_is_kept():
    loaded = torch.tensor(0.0)
    found = started(
        Pair(),
        assignment__weight=loaded,
        assignment__mean=loaded,
        assignment__count=loaded,
        online__weight=loaded,
    )
    assert [found.weight, found.mean, found.count] == [0, 0, 0]


def test_what_does_not_fit_of_a_loaded_one_is_a_copy():
    # mmengine leaves heads for another number of classes as they are
    found = started(
        Pair(),
        assignment__weight=torch.tensor(0.0),
        assignment__mean=torch.zeros(3),
    )
    assert (found.weight, found.mean, found.count) == (0, 20, 10)


def test_a_position_embedding_that_is_fitted_to_the_images_is_kept():
    model = Pair()
    for net in (model.online, model.assignment):
        net.pos_embed = nn.Parameter(net.weight.repeat(1, 4))
    found = started(model, assignment__pos_embed=torch.zeros(1, 9))
    assert found.pos_embed.eq(0).all()
    assert found.weight == 10


def test_other_pretrained_weights_do_not_count_as_one():
    found = started(Pair(), online__weight=torch.tensor(0.0))
    assert found.weight == 10


def test_batch_norm_statistics_follow_and_the_model_is_whole():
    model = MODELS.build(small_model())
    runner, hook = runner_of(model), AssignmentEMAHook(momentum=0.5)
    hook.before_train(runner)
    norm = model.online.backbone[0][1]
    norm.running_mean.fill_(4.0)
    norm.num_batches_tracked.fill_(7)
    hook._update(model, 0.5)
    copy = model.assignment.backbone[0][1]
    assert copy.running_mean.eq(2.0).all()
    assert copy.num_batches_tracked == 7


@pytest.mark.parametrize('momentum', [-0.1, 1.1])
def test_momentum_is_a_share(momentum):
    with pytest.raises(ValueError, match='momentum'):
        AssignmentEMAHook(momentum=momentum)
