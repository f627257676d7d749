"""What a model in training makes of an image, and that it stays as it was."""

import random
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData

from cosa_mmseg.models.ops.cam import cam_to_label
from cosa_mmseg.models.pseudo_labels import PerplexityWeight
from cosa_mmseg.visualization import draw_sheet, observe
from cosa_mmseg.visualization.gallery import SHEET
from cosa_mmseg.visualization.strips import GAP, LINE
from cosa_mmseg.visualization.style import HATCH, MARGIN, PAPER
from tests.models.networks import small_batch
from tests.models.segmentors.steps import build, paper_recipe, released_recipe

CLASSES = ('background', 'cat', 'dog', 'cow')
PALETTE = ((0, 0, 0), (200, 0, 0), (0, 0, 200), (0, 200, 0))
WIDTH = 40


def image(labels):
    """A sample of an evaluation set, with a mask half of which is ignored."""
    batch = small_batch([labels])
    sample = batch['data_samples'][0]
    sample.set_metainfo(dict(img_id='2007_000032'))
    mask = torch.ones(1, 32, 32, dtype=torch.long)
    mask[..., 16:] = 255
    sample.gt_sem_seg = PixelData(data=mask)
    return dict(inputs=batch['inputs']['weak'][0], data_samples=sample)


@pytest.fixture(scope='module')
def model():
    model = build(paper_recipe())
    with torch.no_grad():  # two networks, two thresholds
        model.assignment.decode_head.conv_seg.weight.mul_(-3)
        for name, xi in dict(cam_labeler=0.3, cam_labeler_aux=0.6).items():
            getattr(model.assigner, name).threshold.xi.fill_(xi)
    return model


def test_the_model_and_the_data_stay_as_they_were(model, monkeypatch):
    def refuse(*args):
        raise AssertionError('other processes do not draw')

    module = sys.modules[PerplexityWeight.__module__]
    monkeypatch.setattr(module, 'all_gather', refuse)
    data = image([0, 2])
    before = {name: t.clone() for name, t in model.state_dict().items()}
    model.online.backbone.eval()  # as a frozen part is
    modes = {name: m.training for name, m in model.named_modules()}
    numbers = torch.get_rng_state(), np.random.get_state()[1].copy()
    observe(model, data)
    assert {name: m.training for name, m in model.named_modules()} == modes
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert torch.equal(torch.get_rng_state(), numbers[0])
    assert (np.random.get_state()[1] == numbers[1]).all()
    assert random.getstate() == random.Random(0).getstate()
    assert not model.assigner.multi_scale._forward_hooks
    expected = image([0, 2])
    assert torch.equal(data['inputs'], expected['inputs'])
    assert set(data['data_samples'].keys()) == {'gt_label', 'gt_sem_seg'}
    expected_meta = expected['data_samples'].metainfo
    assert data['data_samples'].metainfo == expected_meta


def test_pseudo_labels_are_those_of_the_drawn_cams(model):
    row = observe(model, image([0, 2]))
    valid = torch.zeros(32, 32, dtype=torch.bool)
    valid[:, :28] = True  # the image's valid box
    for cam, label, xi in (
        (row.cam, row.cpl, 0.3),
        (row.cam_aux, row.cpl_aux, 0.6),
    ):
        restricted = cam * torch.tensor([1.0, 0, 1])[:, None, None]
        expected, _ = cam_to_label(
            restricted[None], xi, valid_mask=valid[None]
        )
        assert torch.equal(label, expected[0])
        assert {0, 255} < set(label.unique().tolist()) <= {0, 1, 3, 255}
    assert row.weight[valid].mean().item() == pytest.approx(1, rel=1e-5)
    assert not row.weight[~valid].any()
    assert set(row.spl.unique().tolist()) <= {0, 1, 3}
    assert row.truth.unique().tolist() == [1, 255]


def test_both_networks_predict_as_they_do_when_scored(model):
    data = image([1])
    row = observe(model, data)
    model.eval()
    batch = dict(inputs=[data['inputs']], data_samples=[data['data_samples']])
    for network, drawn in (('assignment', 'prediction'), ('online', 'online')):
        object.__setattr__(model.settings, 'network', network)
        scored = model.test_step(batch)[0].pred_sem_seg.data[0]
        assert torch.equal(getattr(row, drawn), scored)
    object.__setattr__(model.settings, 'network', 'assignment')
    assert not torch.equal(row.prediction, row.online)
    model.train()


def test_without_weights_and_mask_their_places_stay_empty():
    model = build(released_recipe())  # two thresholds and no weights
    data = image([1])
    del data['data_samples'].gt_sem_seg
    bare = observe(model, data)
    masked = replace(bare, truth=image([1])['data_samples'].gt_sem_seg.data[0])
    assert bare.truth is bare.weight is None
    picture = draw_sheet(bare, CLASSES, PALETTE, width=WIDTH)
    for name in ('truth', 'weight'):
        assert (panel(picture, name) == PAPER).all(), name
    assert not (panel(picture, 'spl') == PAPER).all()
    ignored = panel(draw_sheet(masked, CLASSES, PALETTE, width=WIDTH), 'truth')
    colours = {tuple(c) for c in ignored[:, 20:].reshape(-1, 3).tolist()}
    assert colours == set(HATCH)


def panel(picture, name):
    """A panel of a sheet of a square image."""
    line = next(i for i, names in enumerate(SHEET) if name in names)
    top = LINE + line * (LINE + WIDTH + GAP) + LINE
    left = MARGIN + SHEET[line].index(name) * (WIDTH + GAP)
    return picture[top : top + WIDTH, left : left + WIDTH]
