"""c2s and s2c losses against the released code's values and gradients."""

import re

from tests.golden import load_tensors
from tests.models.losses.calls import C2SLoss, S2CCrossEntropyLoss, S2CLoss

VALUE = 5e-6  # absolute tolerances: the goldens' README
GRADIENT = 2e-7


def check(loss, inputs, value, gradient):
    """Compare a loss and its gradient with what is recorded."""
    inputs = inputs.clone().requires_grad_()
    result = loss(inputs)
    result.backward()
    assert abs(result.item() - value.item()) <= VALUE
    if gradient is not None:
        error = (inputs.grad - gradient).abs().max()
        assert error <= max(GRADIENT, 1e-7 * gradient.abs().max())


def test_golden_seg_losses():
    data = load_tensors('seg_losses')
    seen = set()
    for name, value in data.items():
        found = re.fullmatch(
            r'(k\d+_)out_(segloss|weighted|plain_ce)_?(\w*?)_?'
            r'(?:alpha([\d.]+)_)?value',
            name,
        )
        if not found:
            continue
        case, kind, variant, alpha = found.groups()
        if value.isnan():
            continue  # a part is empty: ours is finite, see test_c2s_loss.py
        suffix = f'_{variant}' if variant not in ('', 'mixed') else ''
        label = data[f'{case}in_labels{suffix}_mask'].long()
        weight = None
        if kind == 'weighted':
            weight = data[f'{case}in_pixel_weights']
        loss = C2SLoss(
            fg_share=None if kind == 'plain_ce' else float(alpha),
            aux_share=0.0,
        )
        check(
            lambda x, loss=loss, y=label, w=weight: loss(x, y, weight=w),
            data[f'{case}in_logits'],
            value,
            data.get(name.replace('_value', '_grad')),
        )
        seen.add(kind)
    assert seen == {'segloss', 'weighted', 'plain_ce'}


def s2c_of(version: str):
    """The loss that a version of the released code stands for."""
    if found := re.fullmatch(r'v3_conf([\d.]+)', version):
        return S2CCrossEntropyLoss(confidence=float(found[1]))
    return {
        'v1': S2CLoss('relu'),
        'v1_norelu': S2CLoss('none'),
        'v2': S2CLoss('scale'),
    }[version]


def test_golden_cam_losses():
    data = load_tensors('cam_losses')
    count = 0
    for name, value in data.items():
        found = re.fullmatch(r'(c\d+_)t([\d.]+)_out_(v\w[\w.]*)_value', name)
        if not found:
            continue
        case, temperature, version = found.groups()
        prob = data[f'{case}in_segprob_t{temperature}']
        if version == 'v2_detach':
            continue  # a variant that we do not have
        loss = s2c_of(version)
        check(
            lambda x, loss=loss, prob=prob: loss(x, prob),
            data[f'{case}in_cam'],
            value,
            data[name.replace('_value', '_grad')],
        )
        count += 1
    assert count > 0
