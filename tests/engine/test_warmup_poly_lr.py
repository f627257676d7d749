import pytest
import torch
from torch import nn

from cosa_mmseg.engine.schedulers import WarmupPolyLR


def optimizer():
    return torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)


def rates(scheduler, num):
    out = []
    for _ in range(num):
        out.append(scheduler.optimizer.param_groups[0]['lr'])
        scheduler.optimizer.step()
        scheduler.step()
    return out


def test_by_hand():
    scheduler = WarmupPolyLR(
        optimizer(), warmup_iters=2, end=4, power=1.0, start_factor=0.5
    )
    # .5 .75 of the base, then 1 - 2/4, 1 - 3/4, and no change from then on
    assert rates(scheduler, 6) == [1.0, 1.5, 1.0, 0.5, 0.5, 0.5]


def test_resumed_equals_uninterrupted():
    whole = rates(WarmupPolyLR(optimizer(), warmup_iters=3, end=9), 9)
    first = WarmupPolyLR(optimizer(), warmup_iters=3, end=9)
    head = rates(first, 5)
    second = WarmupPolyLR(optimizer(), warmup_iters=3, end=9)
    second.load_state_dict(first.state_dict())
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    assert head + rates(second, 4) == whole


@pytest.mark.parametrize('done', [1, 5, 9, 12])  # the first one's end is 9
def test_resumed_longer_follows_the_longer_course(done):
    settings = dict(warmup_iters=3, end=20)
    whole = rates(WarmupPolyLR(optimizer(), **settings), 20)
    first = WarmupPolyLR(optimizer(), warmup_iters=3, end=9)
    rates(first, done)
    rest = WarmupPolyLR(optimizer(), **settings)
    rest.optimizer.load_state_dict(first.optimizer.state_dict())
    rest.load_state_dict(first.state_dict())
    assert rates(rest, 20 - done) == whole[done:]


def test_resumed_with_another_rate_has_it():
    first = WarmupPolyLR(optimizer(), warmup_iters=2, end=6)
    rates(first, 3)
    other = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.5)
    whole = rates(WarmupPolyLR(other, warmup_iters=2, end=6), 6)
    other.param_groups[0]['lr'] = 0.5
    rest = WarmupPolyLR(other, warmup_iters=2, end=6)
    # as mmengine's runner does: schedules are built before states are loaded
    rest.optimizer.load_state_dict(first.optimizer.state_dict())
    rest.load_state_dict(first.state_dict())
    assert rates(rest, 3) == whole[3:]


@pytest.mark.parametrize(
    'settings',
    [
        dict(warmup_iters=5, end=5),
        dict(warmup_iters=-1, end=5),
        dict(warmup_iters=1, end=5, by_epoch=True),
    ],
)
def test_bad_settings_are_named(settings):
    with pytest.raises(ValueError, match='by_epoch|warmup_iters'):
        WarmupPolyLR(optimizer(), **settings)
