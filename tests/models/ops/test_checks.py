"""Settings, tensors and parts that do not fit are refused at once."""

import math

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from cosa_mmseg.models.ops.checks import (
    check_call,
    check_choice,
    check_range,
    check_shape,
)
from tests.models.networks import small_model


class Part(nn.Module):
    num_images = 0
    xi = 0.5

    def forward(self, seg_logits, label, *, weight):
        raise NotImplementedError

    def share(self, seg_logits, label=None):
        raise NotImplementedError


def test_what_fits_is_taken():
    check_call('a', Part(), ['seg_logits', 'label'], 'share')
    check_call('a', Part(), ['seg_logits'], 'share')
    check_call('a', None, ['anything'])


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (
            (['a', 'b', 'c'], 'share'),
            r'a: Part\.share\(a, b, c\) is called: too many pos',
        ),
        ((['a', 'b'],), "missing a required .*'weight'"),
        (
            (['cam'], 'update'),
            r'a: Part\.update\(cam\) is called, but there',
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        check_call('a', Part(), *call)


@pytest.mark.parametrize(
    'key',
    [
        *('loss_c2s', 'loss_s2c', 'loss_energy', 'loss_csc'),
        *('assigner.cam_labeler', 'assigner.cam_labeler.threshold'),
        *('assigner.seg_labeler', 'assigner.reliability'),
    ],
)
def test_each_part_of_cosa_is_asked(key, monkeypatch):
    monkeypatch.setitem(MODELS.module_dict, 'Part', Part)
    model = small_model(loss_csc=dict(type='ContrastiveSeparationLoss'))
    fixed = dict(type='FixedThreshold', value=0.4)
    model['assigner'].update(
        cam_labeler=dict(type='ThresholdLabeler', threshold=fixed),
        reliability=dict(type='PerplexityWeight'),
    )
    MODELS.build(model)
    *outer, name = key.split('.')
    node = model
    for part in outer:
        node = node[part]
    node[name] = dict(type='Part')
    with pytest.raises(ValueError, match=f'{name}: Part'):
        MODELS.build(model)


@pytest.mark.parametrize(
    ('interval', 'value', 'fits'),
    [
        ('(0, 1)', 0.5, True),
        ('(0, 1)', 0, False),
        ('(0, 1)', 1, False),
        ('[0, 1]', 0, True),
        ('[0, 1]', 1, True),
        ('[0, inf)', 1e9, True),
        ('[0, inf)', math.inf, False),
        ('[0, inf)', math.nan, False),
        ('[0, 1]', None, True),
    ],
)
def test_ranges(interval, value, fits):
    if fits:
        check_range(interval, share=value)
        return
    with pytest.raises(ValueError) as caught:
        check_range(interval, share=value)
    allowed = 'at least 0' if 'inf' in interval else f'in {interval}'
    assert str(caught.value) == f'share must be {allowed}, got {value}'


def test_choices():
    check_choice(('a', 'b'), kind='a')
    with pytest.raises(
        ValueError, match="kind must be one of 'a', 'b', got 3"
    ):
        check_choice(('a', 'b'), kind=3)


@pytest.mark.parametrize('shape', [(2, 4), (2, 3, 5), (2,), (2, 3, 4, 1)])
def test_shapes(shape):
    check_shape([2, 3, None], maps=torch.ones(2, 3, 9), nothing=None)
    shown = str(shape).replace('(', r'\(').replace(')', r'\)')
    message = rf'maps must be of shape \(2, 3, 4\), got shape {shown}'
    with pytest.raises(ValueError, match=message):
        check_shape([2, 3, 4], maps=torch.ones(shape))


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
