"""Settings, files and badges that the pages name are there."""

import argparse
import re

import pytest
from mmengine.config import Config, DictAction
from mmengine.registry import HOOKS, VISBACKENDS

from cosa_mmseg.config.check import check_config
from cosa_mmseg.config.names import merge_options
from tests.datasets.voc_tree import write_voc
from tests.golden import ROOT

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in (*ROOT.glob('*.md'), *(ROOT / 'docs').glob('*.md'))
}
VOC = 'configs/cosa/cosa_vit-b_voc.py'
RELEASED = 'configs/cosa/cosa_vit-b_voc_released.py'
CHECKED = ('recipes', 'evaluation', 'troubleshooting')
OPTION = re.compile(r'(?<![\w.])((?:[a-z_]+\.)+[\w.]+)=([^\s`]+)')
# of another wrapper, which refuses to be built without a GPU
NOT_BUILT = ('optim_wrapper.dtype',)


def options():
    """Each ``KEY=VALUE`` of a page, with the config that it is for."""
    found = []
    for name in CHECKED:
        text = PAGES[f'docs/{name}.md'].replace('\\\n', ' ')
        for line in text.splitlines():
            config = re.search(r'configs/\S+?\.py', line)
            for key, value in OPTION.findall(line):
                if key not in NOT_BUILT:
                    found.append((config[0] if config else VOC, key, value))
    return sorted(set(found))


@pytest.fixture(scope='module')
def voc(tmp_path_factory):
    root = tmp_path_factory.mktemp('voc')
    for split in ('train_aug', 'val'):
        write_voc(root, {'a': ['cat'], 'b': ['dog']}, masks=True, split=split)
    return root


@pytest.mark.slow
@pytest.mark.parametrize(('config', 'key', 'value'), options())
def test_an_option_is_one(config, key, value, voc, monkeypatch):
    monkeypatch.delenv('WORLD_SIZE', raising=False)
    cfg = Config.fromfile(ROOT / config)
    for split in ('train', 'val'):
        cfg[f'{split}_dataloader'].dataset.data_root = str(voc)
    cfg.model.network.backbone.update(
        init_cfg=None,
        arch=dict(
            embed_dims=8, num_layers=12, num_heads=1, feedforward_channels=8
        ),
    )
    cfg.model.network.decode_head.channels = 8
    parser = argparse.ArgumentParser()
    parser.add_argument('--set', action=DictAction, nargs='+')
    merge_options(cfg, parser.parse_args(['--set', f'{key}={value}']).set)
    check_config(cfg)


@pytest.mark.parametrize('name', [*CHECKED, 'method'])
def test_a_key_is_one(name):
    """Also of those that are named without a value."""
    configs = [
        Config.fromfile(ROOT / path).to_dict() for path in (VOC, RELEASED)
    ]
    named = re.findall(
        r'`((?:model|assigner|network|train_cfg|train_dataloader|optim_wrapper'
        r'|param_scheduler|cam_head|custom_hooks|default_hooks)\.(?!py)[\w.]+)`',
        PAGES[f'docs/{name}.md'],
    )
    prefixes = ('', 'model.', 'model.network.')
    for key in named:
        assert any(
            has(cfg, prefix + key) for cfg in configs for prefix in prefixes
        ), key


def has(cfg, key):
    for part in key.split('.'):
        if not isinstance(cfg, dict) or part not in cfg:
            return False
        cfg = cfg[part]
    return True


@pytest.mark.parametrize('page', PAGES)
def test_files_that_a_page_names_are_there(page):
    names = re.findall(
        r'(?<![\w./-])(?:configs|cosa_mmseg|docs|tests|tools)/[\w./-]+\b/?',
        PAGES[page],
    )
    missing = [
        name for name in names if not any(ROOT.glob(f'{name.rstrip("/")}*'))
    ]
    assert missing == []


def test_each_part_of_the_method_names_its_code():
    named = re.findall(r'`(?:[\w/]+/)?(\w+\.py)`', PAGES['docs/method.md'])
    there = {
        path.name
        for folder in ('cosa_mmseg', 'tests')
        for path in (ROOT / folder).rglob('*.py')
    }
    assert len(named) > 15
    assert set(named) <= there


def test_the_method_is_in_five_files():
    page = PAGES['docs/read_the_code.md']
    stated = dict(re.findall(r'\| \d \| `(.+\.py)` \| (\d+) \|', page))
    lines = {
        name: len((ROOT / 'cosa_mmseg' / name).read_text().splitlines())
        for name in stated
    }
    assert len(lines) == 5 and sum(lines.values()) <= 1200
    for name, number in stated.items():
        assert abs(lines[name] - int(number)) <= 15, name


def test_pictures_go_where_the_page_says():
    code = re.search(r'```python\n(.*?)```', PAGES['docs/watch.md'], re.S)[1]
    scope = {}
    exec(code, scope)
    cfg = Config.fromfile(ROOT / VOC)
    cfg.merge_from_dict(dict(default_hooks=scope['default_hooks']))
    assert HOOKS.build(cfg.default_hooks.pictures).interval == 500
    backends = scope['visualizer']['vis_backends']
    assert len(backends) == 3
    for backend in backends:
        assert VISBACKENDS.get(backend['type']), backend


def test_badges_are_true():
    project = (ROOT / 'pyproject.toml').read_text()
    head = PAGES['README.md'].split('\n## ')[0]
    badges = {}
    for path in re.findall(r'\]\((docs/images/badges/\w+\.svg)\)', head):
        left, right = re.findall('>(.+)</text>', (ROOT / path).read_text())
        badges[left] = right
    python = re.search(r"requires-python = '>=([\d.]+)'", project)[1]
    torch = re.search(r"'torch>=([\d.]+)'", project)[1]
    assert badges == {
        'licence': 'Apache-2.0',
        'python': f'{python}+',
        'torch': f'{torch}+',
        'arXiv': '2402.17891',
    }
    assert "license = 'Apache-2.0'" in project
    assert 'arxiv.org/abs/2402.17891' in (ROOT / 'CITATION.cff').read_text()


def test_the_map_of_the_house_has_each_package():
    section = PAGES['CONTRIBUTING.md'].split('## Where things are')[1]
    named = re.findall(r'`(?:cosa_mmseg/)?(\w+)/`', section.split('\n## ')[0])
    packages = (ROOT / 'cosa_mmseg').glob('*/__init__.py')
    assert {path.parent.name for path in packages} <= {*named}
