"""Thresholds against the released code's; the fits: test_gaussian_mixture."""

import re

import numpy as np
import pytest
import torch

from cosa_mmseg.models.ops.cam import restrict_cam
from cosa_mmseg.models.pseudo_labels.adaptive_threshold import (
    AdaptiveThreshold,
)
from cosa_mmseg.models.pseudo_labels.dual_dynamic_threshold import (
    DualDynamicThreshold,
)
from tests.golden import load_tensors, meta


class MeanThreshold(AdaptiveThreshold):
    """Asks for the mean of the queue's first column."""

    def fit(self, values):
        return values[:, 0].mean()


def update(threshold, cam) -> None:
    threshold.update(cam, torch.ones_like(cam[:, 0], dtype=torch.bool))


def test_golden_ring_buffer():
    data = load_tensors('adaptive_threshold')
    initial = data['queue_in_initial']
    grid = (1, initial.shape[1])
    threshold = DualDynamicThreshold(num_images=len(initial), grid=grid)
    state = threshold.state_dict()
    threshold.load_state_dict({**state, 'queue': initial})
    for rows, expected, pointer in zip(
        data['queue_in_updates'],
        data['queue_out_states'],
        data['queue_out_next_row'],
        strict=True,
    ):
        update(threshold, rows[:, None, None])  # (batch, 1, 1, points)
        np.testing.assert_allclose(threshold.queue, expected, atol=1e-7)
        assert threshold.pointer == pointer


def test_golden_moving_average():
    data = load_tensors('adaptive_threshold')
    cases = [n for n in data if re.fullmatch(r'ema[\d.]+_in_values', n)]
    assert cases
    for name in cases:
        decay = float(re.match(r'ema([\d.]+)_', name)[1])
        threshold = MeanThreshold(0.7, num_images=1, grid=(1, 1), decay=decay)
        threshold.queue = threshold.queue.double()
        expected = data[name.replace('in_values', 'out')]
        for value, xi in zip(data[name], expected, strict=True):
            update(threshold, value.view(1, 1, 1, 1))
            assert threshold.xi.item() == pytest.approx(xi.item(), abs=1e-7)


@pytest.mark.parametrize('aux', ['', '_aux'])
def test_golden_first_training_step(aux):
    info, data = meta('training_steps'), load_tensors('training_steps')
    hyper = info['hyper_parameters']
    cam = restrict_cam(data[f'step0_out_cam{aux}'], data['in_labels'][0])
    count = 0
    for variant, settings in info['variants'].items():
        if not settings.get('usegmm', False):
            continue
        queue = data[f'{variant}_in_initial_queue{aux}']
        side = info['crop'] // settings['gmmscale']
        threshold = DualDynamicThreshold(
            low=hyper[f'low{aux}'],
            high=hyper[f'high{aux}'],
            num_images=len(queue),
            grid=(side, side),
            # of the auxiliary CAM the released code keeps its default
            min_value=0.05 if aux else hyper['gmm_filter'],
            decay=settings.get('gmmemadecay', hyper['gmm_ema_decay']),
        )
        state = threshold.state_dict()
        threshold.load_state_dict({**state, 'queue': queue})
        update(threshold, cam)
        expected = data[f'{variant}_out_thresholds{aux}_lo_hi'][0]
        np.testing.assert_allclose(threshold.xi, expected, atol=1e-6)
        raw = threshold.fit(threshold.queue)
        expected = data[f'{variant}_out_raw_thresholds{aux}'][0]
        np.testing.assert_allclose(raw, expected, atol=1e-6)
        count += 1
    assert count > 0
