"""Parts of one's own are refused when they are built, not hours later."""

import pytest
from mmengine.registry import MODELS
from torch import nn

from cosa_mmseg.models.ops.calls import check_call
from tests.models.networks import small_model


class Part(nn.Module):
    num_images = 0
    xi = 0.5

    def forward(self, seg_logits, *, label, weight=None):
        raise NotImplementedError


def test_what_fits_is_taken():
    check_call('a', Part(), ['seg_logits'], ['label', 'weight'])
    check_call('a', Part(), ['seg_logits'], ['label'])
    check_call('a', None, ['anything'])


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (
            (['seg_logits'], ['label', 'label_aux']),
            r'a: Part\.forward\(seg_logits, label=label, label_aux=label_aux'
            r"\) is called: .*unexpected keyword argument 'label_aux'",
        ),
        ((['seg_logits'],), "missing a required .*'label'"),
        (
            (['cam'], [], 'share'),
            r'a: Part\.share\(cam\) is called, but there',
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
