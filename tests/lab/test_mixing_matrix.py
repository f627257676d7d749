"""The matrix of backbones and heads, on its cheapest cell."""

import json
import subprocess
from functools import partial

import pytest

from cosa_mmseg.datasets.shapes.shapes import write_shapes
from tests.tools.load import load_tool
from tools.lab.mixing import (
    Cell,
    Conditions,
    backbone_configs,
    head_configs,
    matrix,
)

NAMES = ['--backbones', 'small-resnet', '--heads', 'largefov', 'fcn']
SIZES = ['--batch-size', '1', '--crop', '64', '--iters', '3']


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Run the tool in an empty folder, on a data set of two images."""
    monkeypatch.chdir(tmp_path)
    tool = load_tool('lab/mixing/__main__')
    small = partial(write_shapes, num_train=2, num_eval=0)
    monkeypatch.setattr(tool, 'write_shapes', small)
    return tool.main


@pytest.fixture
def processes(monkeypatch):
    """The cells that got a process; that of FCN fails."""
    ran = []
    real_call = subprocess.call

    def call(command, stdout, **kwargs):
        cell = Cell.from_json(command[3])
        ran.append(str(cell))
        if cell.head == 'largefov':
            return real_call(command, stdout=stdout, **kwargs)
        stdout.write('Traceback\nValueError: too wide\n')
        return 1

    monkeypatch.setattr(subprocess, 'call', call)
    return ran


@pytest.mark.slow
def test_cells_run_and_are_tabulated(call, processes, tmp_path, capsys):
    code = call([*NAMES, *SIZES, '--out', 'docs/matrix.md'])

    assert code == 1  # one failed
    assert '0 of 2 cells are finished' in capsys.readouterr().out
    good, bad = json.loads((tmp_path / 'docs/matrix.json').read_text())
    assert (good['backbone'], good['head']) == ('small-resnet', 'largefov')
    assert (good['stride'], good['channels']) == (8, 256)
    assert good['parameters'] == pytest.approx(4.8e6, rel=0.02)
    assert len(good['losses']) == len(good['gradients']) == 3
    assert good['step'] == good['seconds'][2]
    assert min(good['gradients']) > 0
    assert 2e8 < good['memory'] < 5e9
    assert bad['error'] == 'ValueError: too wide'
    text = (tmp_path / 'docs/matrix.md').read_text()
    assert '- 114 pairs: 1 train, 1 do not, 112 not run\n' in text
    assert '- small-resnet x fcn: ValueError: too wide' in text
    assert '| small-resnet | fcn | - | - |' in text

    processes.clear()
    call([*NAMES, *SIZES])
    assert processes == ['small-resnet x fcn']  # what failed, alone
    assert '1 of 2 cells are finished' in capsys.readouterr().out


def test_other_settings_are_run_anew(call, processes, tmp_path, capsys):
    folder = tmp_path / 'work_dirs/mixing/small-resnet'
    for iters in ('3', '4'):
        call([*NAMES[:3], 'fcn', *SIZES[:4], '--iters', iters])
        digest = json.loads((folder / 'fcn.json').read_text())['digest']
        finished = dict(digest=digest, step=1.0, problems=[])
        (folder / 'fcn.json').write_text(json.dumps(finished))
    assert processes == ['small-resnet x fcn'] * 2


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['--backbones', 'vgg'], 'no backbone vgg; there are vit-b'),
        (['--heads', 'fcn', 'ham'], 'no head ham; there are largefov'),
        (['--iters', '2'], 'iters=2 is too small: at least 3'),
        (['--crop', '16'], 'crop=16 is too small: at least 32'),
        (['--jobs', '0'], '--jobs must be at least 1'),
    ],
)
def test_mistakes_are_named(call, args, message, capsys):
    with pytest.raises(SystemExit) as exit_info:
        call(args)
    assert exit_info.value.code == 2
    assert message in capsys.readouterr().err


def test_reason_of_a_process_that_was_killed(tmp_path):
    log = tmp_path / 'log'
    log.write_text('reading\n')
    assert matrix._reason(-9, log) == (
        'ended by SIGKILL, perhaps for want of memory'
    )
    assert matrix._reason(1, log) == 'reading'


def test_digest_depends_on_the_configs_and_the_conditions():
    def digest(head='largefov', **conditions):
        paths = {**backbone_configs(), **head_configs()}
        return Cell(
            'small-resnet',
            head,
            str(paths['small-resnet']),
            str(paths[head]),
            Conditions(**conditions),
        ).digest()

    assert digest() == digest()
    assert len({digest(), digest(iters=9), digest('fcn')}) == 3
