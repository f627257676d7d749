import math

import pytest

from tools.lab.mixing import Trial


def trial(**changes):
    good = dict(
        losses=[3.0, 2.0, 2.5, 1.0, 1.5],
        gradients=[0.1] * 5,
        seconds=[1.0] * 5,
        cam_range=0.5,
    )
    return Trial(**{**good, **changes})


def test_first_and_last_quarter():
    assert trial().first_loss == 2.5
    assert trial().last_loss == 1.25
    assert trial().problems == []


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        (dict(losses=[1.0, 1.0, 1.0, 1.0]), 'the loss does not fall'),
        (dict(losses=[1.0, 2.0, 1.0, 1.5]), 'the loss does not fall'),
        (
            dict(gradients=[0.1, 0.0, 0.1]),
            'no gradient reaches the first layer',
        ),
        (dict(gradients=[math.nan]), 'no gradient reaches the first layer'),
        (dict(gradients=[]), 'no gradient reaches the first layer'),
        (dict(cam_range=1e-4), 'the CAM is constant'),
        (dict(cam_range=math.nan), 'the CAM is constant'),
    ],
)
def test_problems(changes, problem):
    assert trial(**changes).problems == [problem]


def test_a_loss_that_is_not_finite():
    found = trial(losses=[2.0, math.nan, 1.0]).problems
    assert 'a loss is not finite' in found
