"""The examples of docs/extend.md, run as they stand."""

import re

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from tests.golden import ROOT
from tests.models.networks import small_batch, small_model

BLOCKS = re.findall(
    r'```python\n(.*?)```',
    (ROOT / 'docs' / 'extend.md').read_text(),
    flags=re.DOTALL,
)
RECIPE = ROOT / 'configs' / 'cosa' / 'cosa_vit-b_voc.py'


@pytest.fixture(scope='module', autouse=True)
def registered():
    init_default_scope('mmseg')
    for code in BLOCKS[::2]:
        exec(code, {'__name__': __name__})


def losses_with(entry, tmp_path):
    """Losses of the paper's recipe with an entry, on small networks."""
    path = tmp_path / 'config.py'
    path.write_text(f'_base_ = {str(RECIPE)!r}\n{entry}')
    settings = Config.fromfile(path).model.to_dict()
    kept = {
        name: settings[name]
        for name in settings
        if name == 'assigner' or name.startswith('loss_')
    }
    model = MODELS.build(small_model(**kept)).train()
    batch = small_batch([[0], [1, 2]])
    losses = model.loss(**model.data_preprocessor(batch, training=True))
    assert all(value.isfinite() for value in losses.values())
    model.parse_losses(losses)[0].backward()
    return model, losses


def test_each_example_has_one_entry():
    assert len(BLOCKS) == 8


def test_a_loss(tmp_path):
    model, losses = losses_with(BLOCKS[1], tmp_path)
    assert 0 < losses['loss_compact'] <= 0.01
    assert {'loss_c2s', 'loss_s2c', 'loss_energy', 'loss_csc'} < losses.keys()


def test_a_threshold(tmp_path):
    model, losses = losses_with(BLOCKS[3], tmp_path)
    assert model.assigner.cam_labeler.threshold.decay == 0.9
    assert losses['xi'] != torch.tensor(0.5)


def test_a_weighting(tmp_path):
    _, losses = losses_with(BLOCKS[5], tmp_path)
    assert losses['weight_foreground'] > 0 and 'csc_share' in losses


def test_a_labeler(tmp_path):
    _, losses = losses_with(BLOCKS[7], tmp_path)
    assert losses['cpl_foreground'] > 0 and 'xi' not in losses
