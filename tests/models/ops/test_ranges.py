"""Settings that several losses have."""

import pytest
from mmengine.registry import MODELS

WEIGHTS = [
    ('C2SLoss', 'loss_weight'),
    ('S2CLoss', 'loss_weight'),
    ('S2CCrossEntropyLoss', 'loss_weight'),
    ('ContrastiveSeparationLoss', 'loss_weight'),
    ('DenseEnergyLoss', 'loss_weight'),
    ('DenseEnergyLoss', 'energy_weight'),
]
SHARES = [
    ('C2SLoss', 'fg_share'),
    ('C2SLoss', 'aux_share'),
    ('S2CLoss', 'aux_share'),
    ('S2CCrossEntropyLoss', 'fg_share'),
    ('S2CCrossEntropyLoss', 'confidence'),
]


@pytest.mark.parametrize(('loss', 'name'), WEIGHTS)
def test_weights_are_not_negative(loss, name):
    message = f'{name} must be at least 0, got -0.1'
    with pytest.raises(ValueError, match=message):
        MODELS.build({'type': loss, name: -0.1})
    MODELS.build({'type': loss, name: 0.0})


@pytest.mark.parametrize(('loss', 'name'), SHARES)
@pytest.mark.parametrize('value', [-0.1, 1.1])
def test_shares_are_shares(loss, name, value):
    message = rf'{name} must be in \[0, 1\], got {value}'
    with pytest.raises(ValueError, match=message):
        MODELS.build({'type': loss, name: value})
    for end in (0.0, 1.0):
        MODELS.build({'type': loss, name: end})


def test_a_share_that_is_no_number_is_the_plain_mean():
    assert MODELS.build(dict(type='C2SLoss', fg_share=None)).fg_share is None
