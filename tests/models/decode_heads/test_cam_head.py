import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import MODELS

from cosa_mmseg.models import CAMHead
from tests.models.networks import small_batch


@pytest.fixture
def feats():
    return (torch.rand(2, 3, 4, 5),)


def test_maps_and_max_pooled_logits_by_hand(feats):
    head = CAMHead(3, num_classes=3)
    weight = head.conv_seg.weight[:, :, 0, 0]  # (C, D)
    cam = torch.einsum('cd,ndhw->nchw', weight, feats[0])
    assert torch.allclose(head(feats), cam, atol=1e-6)
    pooled = feats[0].amax((2, 3))
    assert torch.allclose(head.classify(feats), pooled @ weight.T, atol=1e-6)


def test_average_pooling_is_the_mean_of_the_maps(feats):
    head = CAMHead(3, num_classes=3, pooling='avg')
    expected = head(feats).mean((2, 3))
    assert torch.allclose(head.classify(feats), expected, atol=1e-6)


def test_loss_is_the_multi_label_soft_margin(feats):
    head = CAMHead(3, num_classes=4)
    label = torch.tensor([[1.0, 0, 1], [0, 0, 0]])
    logits = head.classify(feats)
    expected = torch.nn.functional.multilabel_soft_margin_loss(logits, label)
    assert torch.allclose(head.loss_by_label(logits, label), expected)
    with pytest.raises(ValueError, match=r'\(2, 3\), got .*\(2, 2\)'):
        head.loss_by_label(logits, label[:, :2])


def test_alone_in_a_plain_encoder_decoder():
    model = MODELS.build(
        dict(
            type='mmseg.EncoderDecoder',
            backbone=dict(type='TwoStageBackbone', width=4),
            decode_head=dict(type='CAMHead', in_channels=8, num_classes=4),
            test_cfg=ConfigDict(mode='whole'),
        )
    )
    batch = small_batch([[0], [1, 2]])
    img = torch.stack(batch['inputs']['weak']).float() / 255
    losses = model.loss(img, batch['data_samples'])
    assert losses.keys() == {'decode.loss_cls'}
    losses['decode.loss_cls'].backward()
    assert next(model.backbone.parameters()).grad.abs().sum() > 0
    results = model.eval().predict(img, batch['data_samples'])
    scores = results[0].seg_logits.data
    assert scores.shape == (4, 32, 32)
    assert torch.equal(scores[0], torch.full((32, 32), 0.5))


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(num_classes=1), 'num_classes'),
        (dict(num_classes=3, pooling='lse'), "'lse'"),
        (dict(num_classes=3, bg_score=1.0), 'bg_score'),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        CAMHead(3, **settings)
