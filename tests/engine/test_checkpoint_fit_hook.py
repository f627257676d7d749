"""What counts as a difference between a checkpoint and a model."""

import torch
from torch import nn

from cosa_mmseg.engine.hooks import find_misfit


class Model(nn.Module):
    """A network, and a threshold that is no weight."""

    def __init__(self):
        super().__init__()
        self.network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        self.network.pos_embed = nn.Parameter(torch.zeros(1, 4, 2))
        self.labeler = nn.Module()
        self.labeler.register_buffer('xi', torch.zeros(2))


def misfit(partial=False, **changes):
    """Of a model's own weights, some replaced, added or, by None, gone."""
    model = Model()
    state = model.state_dict()
    state.update((k.replace('__', '.'), v) for k, v in changes.items())
    state = {k: v for k, v in state.items() if v is not None}
    return find_misfit(model, state, partial)


def test_its_own_weights_fit():
    model = Model()
    assert misfit() is None
    wrapped = {f'module.{k}': v for k, v in model.state_dict().items()}
    assert find_misfit(model, wrapped) is None


def test_what_may_differ():
    assert misfit(network__1__num_batches_tracked=None) is None
    assert misfit(network__pos_embed=torch.zeros(1, 9, 2)) is None
    assert misfit(labeler__xi=None) is None
    assert misfit(labeler__count=torch.zeros(1)) is None
    assert misfit(auxiliary_head__weight=torch.zeros(1)) is None


def test_what_may_not_differ():
    fits = 'take the config that it was trained with'
    wide = torch.zeros(5, 2)
    assert misfit(network__0__weight=wide) == (
        f'its network.0.weight is (5, 2), not (3, 2): {fits} (number of '
        'classes, size of the network)'
    )
    assert misfit(network__0__bias=None) == f'it lacks network.0.bias: {fits}'
    changes = dict(network__0__bias=None, network__2__weight=wide)
    assert misfit(**changes) == (
        f'it lacks network.0.bias and has network.2.weight besides: {fits}'
    )
    assert misfit(partial=True, **changes) is None


def test_nothing_in_common():
    other = {f'layer{i}': torch.zeros(1) for i in range(3)}
    for partial in (False, True):
        said = find_misfit(Model(), other, partial)
        assert said.startswith('it has none of its weights, but layer0 and 2 ')
        for empty in ({}, {'lr': 0.1}, None):
            said = find_misfit(Model(), empty, partial)
            assert said == 'it holds no weights'
