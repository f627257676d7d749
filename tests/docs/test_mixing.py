"""The examples of docs/mixing.md, run as they stand."""

import re

import pytest
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from cosa_mmseg.datasets.shapes.shapes import write_shapes
from tests.cli.calls import cosa
from tests.golden import ROOT

PAGE = (ROOT / 'docs' / 'mixing.md').read_text()
# the network is small, the schedule short
SHORT = """
model.update(backbone=dict(_base_.backbone, init_cfg=None))
optim_wrapper = dict(type='OptimWrapper')
param_scheduler = dict(warmup_iters=1)
train_cfg = dict(max_iters=2, total_batch_size=4, val_interval=2)
train_dataloader.update(
    batch_size=4, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0)
default_hooks = dict(checkpoint=dict(interval=2))
"""


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    """A folder that has the project's configs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    return tmp_path


def example(heading):
    """The Python block under a heading of the page."""
    section = PAGE.split(f'# {heading}\n')[1]
    return re.search(r'```python\n(.*?)```', section, re.DOTALL)[1]


def test_another_backbone_is_one_entry(in_folder):
    (in_folder / 'config.py').write_text(example('Backbones and heads'))
    cfg = Config.fromfile('config.py')
    init_default_scope(cfg.default_scope)
    network = MODELS.build(cfg.model.network)
    assert [f.channels for f in network.features] == [96, 192, 384, 768]
    assert network.decode_head.in_channels == 768
    assert network.cam_head_aux.in_channels == 384


def test_a_cam_baseline(in_folder, capfd):
    write_shapes('data/shapes', num_train=8, num_eval=4, num_workers=1)
    (in_folder / 'baseline.py').write_text(example('A CAM baseline') + SHORT)
    cosa('train', 'baseline.py')
    log = capfd.readouterr()
    assert re.search(r'decode\.loss_cls: \d', log.err + log.out)
    assert re.search(r'mIoU: \d', log.err + log.out)


def test_each_loss_by_itself():
    scope = {}
    exec(example('A loss in another segmentor'), scope)
    losses = scope['losses']
    assert len(losses) == 4
    for name, loss in losses.items():
        assert loss.ndim == 0, name
        assert loss.isfinite(), name
        assert loss != 0, name
    assert scope['seg_logits'].grad.any()
    assert scope['cam'].grad.any()
