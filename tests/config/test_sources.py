"""Where the numbers of a config come from."""

import pytest

from cosa_mmseg.config.command_line import open_config
from cosa_mmseg.config.sources import list_numbers, read_sources
from tests.cli.calls import cosa
from tests.golden import ROOT

CONFIGS = sorted(
    str(path.relative_to(ROOT))
    for folder in ('configs', 'tools/lab/configs')
    for path in (ROOT / folder).rglob('[!_]*.py')
    if '_base_' not in path.parts
)


@pytest.mark.parametrize('name', CONFIGS)
def test_each_number_has_a_source(name):
    path = str(ROOT / name)
    rows = list_numbers(open_config(path, None), path)
    assert len(rows) > 25
    assert [key for key, _, source in rows if source == '-'] == []


def test_the_paper_the_code_and_ourselves(capsys):
    options = ['--cfg-options', 'model.loss_c2s.fg_share=0.4']
    cosa('show-config', 'cosa_vit-b_voc', *options)
    rows = {}
    for line in capsys.readouterr().out.splitlines():
        key, rest = line.split(maxsplit=1)
        rows[key] = rest
    for key, value, source in (
        ('model.assigner.reliability.lambda_a', '0.8', 'paper'),
        ('model.assigner.cam_labeler.threshold.initial', '0.5', 'ours'),
        ('model.loss_energy.sigma_xy', '100.0', 'released'),
        ('model.loss_c2s.fg_share', '0.4', 'command line'),
        ('train_cfg.total_batch_size', '4', 'released: 2 GPUs of 2'),
        ('custom_hooks.0.momentum', '0.0006', 'paper'),
        (
            'train_dataloader.dataset.pipeline.3.crop_size',
            '(448, 448)',
            'released',
        ),
    ):
        assert rows[key].startswith(value)
        assert rows[key].endswith(source)


BASE = """# The base, not as in the paper.
# Source: mmseg
first = 1
size = (3, 3)  # ours
part = dict(a=1, inner=dict(b=2, c=3))
steps = [  # paper
    dict(x=1),
    dict(size=size),
]
"""
CHILD = """_base_ = 'base.py'
size = _base_.size
part = dict(  # released
    a=5,
    inner=dict(_delete_=True, d=4),
)
# paper
steps = [dict(y=0), *_base_.steps, dict(z=size)]
copied = dict(_base_.part, a=6)
"""


def test_values_have_the_source_of_where_they_were_set(tmp_path):
    (tmp_path / 'base.py').write_text(BASE)
    (tmp_path / 'child.py').write_text(CHILD)
    found = read_sources(tmp_path / 'child.py')
    assert found['first'] == 'mmseg'
    assert found['size'] == 'ours'
    assert found['part.a'] == found['part.inner.d'] == 'released'
    assert 'part.inner.b' not in found
    assert found['steps.1.x'] == 'paper'
    assert found['steps.2.size'] == found['steps.3.z'] == 'ours'
    assert read_sources(tmp_path / 'child.json') == {}
