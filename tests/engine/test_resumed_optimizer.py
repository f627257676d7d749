"""What may differ between an optimiser and the one that it goes on for."""

import torch
from torch import nn

from cosa_mmseg.engine.resumed_optimizer import (
    find_optimizer_misfit,
    overridden_settings,
)


def groups(kind=torch.optim.AdamW, sizes=(2, 1), **settings):
    """Groups of so many parameters."""
    parameters = [
        dict(params=[nn.Parameter(torch.zeros(1)) for _ in range(size)])
        for size in sizes
    ]
    return kind(parameters, **settings).param_groups


def test_another_rate_and_newer_settings_fit():
    saved = groups(lr=3.0)
    assert find_optimizer_misfit(groups(lr=1.0), saved) is None
    for group in saved:  # of an older torch
        group.pop('maximize')
    assert find_optimizer_misfit(groups(), saved) is None


def test_other_parameters_do_not_fit():
    found = find_optimizer_misfit(groups(sizes=(2, 1)), groups(sizes=(3,)))
    assert found == 'it trained groups of 3 parameters, and not of 2, 1'
    found = find_optimizer_misfit(groups(sizes=(1, 2)), groups(sizes=(2, 1)))
    assert found == 'it trained groups of 2, 1 parameters, and not of 1, 2'


def test_another_optimiser_does_not_fit():
    found = find_optimizer_misfit(groups(), groups(torch.optim.SGD, lr=1))
    assert found.startswith('its settings are dampening, momentum, nesterov')
    assert 'and not amsgrad, betas' in found


def test_settings_of_the_checkpoint_are_named_once():
    own = groups(lr=1.0, weight_decay=0.5)
    saved = groups(lr=2.0, weight_decay=0.25)
    for group in saved:
        group['betas'] = [0.9, 0.999]  # a list: the same
    (found,) = overridden_settings(own, saved)
    assert found == 'weight_decay=0.25 (the config: 0.5)'
    assert overridden_settings(own, own) == []
