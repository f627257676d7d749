"""Accumulated gradients and those of the large batch."""

import pytest
import torch

from tests.models.segmentors import steps

WHOLE, PARTS = [slice(0, 4)], [slice(0, 2), slice(2, 4)]


def _both(config):
    """Logs and model of the large batch and of two accumulated ones."""
    for batches in (WHOLE, PARTS):
        model = steps.build(config)
        yield list(steps.train(model, batches)), model


def test_means_over_images_equal_the_large_batch():
    # the thresholds are fixed, and c2s divides by numbers of pixels
    config = steps.released_recipe()
    config['loss_c2s'] = dict(type='C2SLoss', loss_weight=0.0)
    (whole, model), (parts, other) = _both(config)
    for log, accumulated in zip(whole, parts, strict=True):
        assert steps.losses_of(accumulated) == pytest.approx(
            steps.losses_of(log), rel=1e-5
        )
    assert whole[-1]['loss_s2c'] > 0 > whole[-1]['loss_energy']
    torch.testing.assert_close(
        other.state_dict(), model.state_dict(), rtol=1e-4, atol=1e-6
    )


def test_means_over_pixels_are_close_to_the_large_batch():
    (whole, _), (parts, _) = _both(steps.paper_recipe())
    first = steps.WARMUP  # of the steps that train both streams
    assert whole[first]['loss_c2s'] != parts[first]['loss_c2s']
    for name in ('loss_c2s', 'loss_csc'):
        assert parts[first][name] == pytest.approx(whole[first][name], rel=0.1)
