"""Building a model from a config that came with a file."""

import os
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import timm
from mmengine.registry import MODELS

from cosa_mmseg.engine.replay.isolation import (
    IsolationError,
    isolated,
)
from cosa_mmseg.engine.replay.untrusted_config import build_model
from cosa_mmseg.utils.config_errors import ConfigError
from tests.models.segmentors.steps import paper_recipe

SIZE = 1 << 20  # more numbers than the small model has


@pytest.fixture
def evil(tmp_path, monkeypatch):
    """Name of a module, and of a package with a registry, that say if run."""
    (tmp_path / 'evil').mkdir()
    (tmp_path / 'evil/__init__.py').touch()
    for name in ('evil/registry.py', 'Evil.py'):
        (tmp_path / name).write_text('raise SystemExit("it was run")')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)


def with_loss(**settings):
    return dict(paper_recipe(), loss_c2s={'type': 'C2SLoss', **settings})


def with_backbone(**settings):
    recipe = paper_recipe()
    recipe['network']['backbone'] = {
        'type': 'mmpretrain.TIMMBackbone',
        'model_name': 'test_vit',
        **settings,
    }
    return recipe


NOT_BUILT = {
    'scope': (
        with_loss(_scope_='evil'),
        r"loss_c2s._scope_='evil' .* not one",
    ),
    'scope in a list': (
        with_loss(a=[({'_scope_': 'evil'},)]),
        r"model.loss_c2s.a.0.0._scope_='evil'",
    ),
    'no scope': (with_loss(_scope_=['evil']), 'is not one of cosa_mmseg'),
    'class of a module': (
        with_loss(type='Evil.A'),
        "type='Evil.A' .* --import",
    ),
    'module': (with_loss(type='Evil'), "type='Evil' .* not registered"),
    'function': (with_loss(type='os.mkdir'), "type='os.mkdir' .* not regist"),
    'scope and function': (
        with_loss(type='mmengine.utils.mkdir_or_exist'),
        'is not registered',
    ),
    'no name': (with_loss(type=None), 'type=None .* is not registered'),
    # AdamW is an optimiser: mmengine would import a module of this name
    'another registry': (with_loss(type='AdamW'), 'is no registered model'),
    'writer': (
        with_loss(type='LocalVisBackend', save_dir='x'),
        'is no registered model',
    ),
    'function elsewhere': (
        with_backbone(norm_layer='os.system'),
        "norm_layer='os.system' .* could run any code",
    ),
    'module elsewhere': (with_backbone(norm_layer='Evil.A'), 'backbone: '),
    'hub': (
        with_backbone(model_name='hf-hub:timm/test_vit'),
        'backbone.model_name=.* could be a file or an address',
    ),
    'folder': (with_backbone(model_name='local-dir:.'), 'could be a file'),
    'path': (with_loss(a=['~user']), 'could be a file or an address'),
    'large': (
        dict(
            paper_recipe(),
            network=dict(
                type='Conv2d',
                in_channels=1024,
                out_channels=1024,
                kernel_size=3,
            ),
        ),
        'much larger than its state',
    ),
    'no losses': (dict(type='ReLU'), 'model is a ReLU, which has no losses'),
    'no dict': (
        dict(paper_recipe(), network=3),
        'model: cfg should be a dict',
    ),
}


@pytest.mark.parametrize('case', NOT_BUILT)
def test_what_is_not_built(evil, case, monkeypatch):
    monkeypatch.setattr(socket, 'getaddrinfo', None)
    config, words = NOT_BUILT[case]
    with pytest.raises(ConfigError, match=words):
        build_model(config, 'mmseg', SIZE)
    assert not {'evil.registry', 'Evil'} & set(sys.modules)
    assert sorted(os.listdir()) == ['Evil.py', 'evil']


@pytest.mark.parametrize('scope', ['evil', None, ['mmseg']])
def test_the_default_scope_is_of_what_is_imported(evil, scope):
    with pytest.raises(ConfigError, match=r'default_scope=.* is not one of'):
        build_model(paper_recipe(), scope, SIZE)
    assert 'evil.registry' not in sys.modules


def test_weights_come_from_nowhere(monkeypatch):
    calls = []

    def create_model(**kwargs):
        calls.append(kwargs)
        raise ValueError('built')

    monkeypatch.setattr(timm, 'create_model', create_model)
    config = with_backbone(
        pretrained=True,
        checkpoint_path='/etc/passwd',
        pretrained_cfg_overlay=dict(file='a.pth', num_classes=0),
        init_cfg=dict(type='Pretrained', checkpoint='https://there/a.pth'),
    )
    with pytest.raises(ConfigError, match='backbone: built'):
        build_model(config, 'mmseg', SIZE)
    assert calls == [
        dict(
            model_name='test_vit',
            features_only=False,
            pretrained=False,
            in_chans=3,
            checkpoint_path='',
            pretrained_cfg_overlay=dict(num_classes=0),
        )
    ]


def test_the_real_one_is_built():
    model = build_model(paper_recipe(), 'mmseg', SIZE)
    assert type(model) is MODELS.get('CoSA')


REFUSED = {
    'reading': lambda: Path('Evil.py').read_text(),
    'writing': lambda: Path('made').mkdir(),
    'processes': lambda: subprocess.run(['true'], check=True),
    'network': lambda: socket.create_connection(('localhost', 1)),
    'eval': lambda: eval('1'),
}


@pytest.mark.parametrize('case', REFUSED)
def test_isolated_code_reaches_nothing(evil, case):
    with isolated(), pytest.raises(IsolationError, match='it asked for'):
        REFUSED[case]()
    assert sorted(os.listdir()) == ['Evil.py', 'evil']


def test_isolated_code_imports_nothing(evil):
    with isolated():
        with pytest.raises(ImportError, match='Evil is not imported'):
            import Evil  # noqa: F401
        with pytest.raises(ImportError, match='evil is not imported'):
            import_module('evil.registry')
        assert import_module('timm') is timm
    assert import_module('evil').__name__ == 'evil'
    del sys.modules['evil']
