"""The ablation's command line, with pretended and with real trainings."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from cosa_mmseg.datasets.shapes.shapes import write_shapes
from tests.lab.ablation.fakes import (
    write_arms,
    write_lists,
    write_tools,
)
from tests.tools.load import TOOLS, load_tool
from tools.lab.ablation import (
    Run,
    load_arms,
)

# The shapes config on a few small images; the best checkpoint is a trap.
REAL = """
_base_ = '{base}'
model = dict(
    network=dict(backbone=dict(init_cfg=None)), train_cfg=dict(warmup_iters=2))
train_cfg = dict(max_iters=12, total_batch_size=2)
param_scheduler = dict(warmup_iters=1)
train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False,
    dataset=dict(data_root='{root}'))
val_dataloader = dict(
    batch_size=2, num_workers=0, dataset=dict(data_root='{root}'))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='IoUMetric', iou_metrics=['mIoU']),
    dict(type='CAMIoUMetric'),
    dict(
        type='ContextFalsePositiveMetric', context_dir='{root}/Context',
        context_id=1, class_name='boat'),
]
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(interval=2, save_best='mIoU'), logger=dict(interval=1))
"""


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """The tool, on pretending tools, with the working folder to itself."""
    monkeypatch.chdir(tmp_path)
    write_lists(tmp_path / 'set', train=3, val=2, val_decorr=1)
    module = load_tool('lab/ablation/__main__')
    monkeypatch.setattr(module, 'TOOLS', write_tools(tmp_path / 'tools'))
    return module


def make_arms(**arms):
    return str(write_arms(Path('arms'), 'set', **arms))


def test_runs_tabulates_and_runs_nothing_twice(tool, tmp_path, capsys):
    folder = make_arms(plain={}, raw={'baseline': 'plain', 'title': '+ RAW'})
    call = [folder, '--seeds', '0', '4', '--jobs', '2', '--out', 'a/table.md']
    assert tool.main(call) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == '0 of 4 runs are finished'
    assert re.search(
        r'plain seed 4: done after \d+\.\d min, mIoU: val 14\.0, val_dec',
        '\n'.join(printed),
    )
    text = (tmp_path / 'a' / 'table.md').read_text()
    line = 'tools.lab.ablation arms --seeds 0 4 --splits val val_decorr'
    assert f'python -m {line}\n' in text
    row = '| 2 | + RAW (`raw`) | 2 | {} | +0.0 [+0.0, +0.0] to 1 (n = 2) |'
    assert row.format('12.0 ± 2.8') in text
    assert row.format('22.0 ± 2.8') in text

    assert tool.main([*call, '--tabulate-only']) == 0
    assert tool.main(call) == 0
    assert '4 of 4 runs are finished\nwrote' in capsys.readouterr().out
    assert (tmp_path / 'a' / 'table.md').read_text() == text
    logs = list((tmp_path / 'work_dirs' / 'ablation').rglob('train.log'))
    assert [log.read_text().count('from') for log in logs] == [1] * 4


def test_chosen_arms_run_and_all_are_tabulated(tool, capsys):
    folder = make_arms(plain={}, raw={}, csc={})
    call = [folder, '--seeds', '1', '--splits', 'val', '--work-dir', 'w']
    assert tool.main([*call, '--arms', 'csc', 'plain']) == 0
    printed = capsys.readouterr().out
    assert '0 of 2 runs are finished' in printed
    assert 'changed since): `raw` seed 1.' in printed
    assert '| 2 | RAW (`raw`) | 0 | - | - |' in printed
    assert '| 3 | CSC (`csc`) | 1 | 11.0 | - |' in printed


def test_a_failure_is_reported_and_is_the_exit_code(tool, capsys):
    folder = make_arms(bad={'behaviour': 'fail'}, good={})
    call = [folder, '--seeds', '0', '--splits', 'val']
    assert tool.main(call) == 1
    printed, error = capsys.readouterr()
    assert 'bad seed 0: FAILED after 0.0 min: exit code 1, see' in printed
    assert 'RuntimeError: out of patience' in printed
    assert '| 2 | GOOD (`good`) | 1 | 10.0 |' in printed
    assert '1 runs failed' in error
    assert tool.main([*call, '--arms', 'bad', '--work-dir', 'new']) == 1
    assert 'nothing to tabulate' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('arms', 'options', 'message'),
    [
        ({'a': {}, 'b': {'iterations': 9}}, [], 'not comparable, iterations'),
        ({'a': {}}, ['--arms', 'nix'], 'no arm nix; the arms are a'),
        ({'a': {}}, ['--splits', 'nix'], 'no image list set/lists/nix.txt'),
        ({'a': {}}, ['--seeds', '3', '3'], '--seeds names one twice: 3 3'),
        ({'a': {}}, ['--jobs', '0'], '--jobs must be at least 1, is 0'),
        ({'a': {'base': 'b'}}, [], "'a' has ['base']; allowed are"),
    ],
)
def test_a_wrong_call_is_one_sentence(tool, capsys, arms, options, message):
    with pytest.raises(SystemExit) as caught:
        tool.main([make_arms(**arms), *options])
    assert caught.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert message in last


def test_other_settings_than_those_of_a_begun_run(tool, capsys):
    call = ['--seeds', '0', '--splits', 'val']
    assert tool.main([make_arms(a={}), *call]) == 0
    with pytest.raises(SystemExit):
        tool.main([make_arms(a={'behaviour': 'other'}), *call])
    assert 'was trained with other settings' in capsys.readouterr().err


def test_help_has_an_example(tool, capsys):
    with pytest.raises(SystemExit):
        tool.main(['--help'])
    assert (
        'python -m tools.lab.ablation tools/lab/configs/'
        in capsys.readouterr().out
    )


@pytest.mark.slow
def test_real_training_killed_and_taken_up_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_shapes('set', num_train=6, num_eval=2, size=32)
    folder = write_arms(tmp_path / 'arms', 'set', cosa={'title': 'CoSA'})
    base = TOOLS.parent / 'configs' / 'cosa' / 'cosa_shapes.py'
    (folder / 'cosa.py').write_text(REAL.format(base=base, root='set'))
    call = ['arms', '--seeds', '0', '--splits', 'val_decorr', '--out', 't.md']

    run = Run(load_arms(folder)[0], 0, Path('work_dirs') / 'ablation')
    process = subprocess.Popen(
        [sys.executable, '-m', 'tools.lab.ablation', *call],
        env={**os.environ, 'PYTHONPATH': str(TOOLS.parent)},
    )
    last = run.folder / 'last_checkpoint'
    while not (last.exists() and last.read_text()):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 143
    assert not run.is_finished(['val_decorr'])

    assert load_tool('lab/ablation/__main__').main(call) == 0
    results = run.read_results()
    assert results['starts'] == 2
    assert 'resumed epoch: 0, iter: ' in (run.folder / 'train.log').read_text()
    assert results['images'] == {'train': 6, 'val_decorr': 2}
    scores = results['scores']['val_decorr']
    assert {'mIoU', 'cam_mIoU_best', 'cam_context_fp'} <= set(scores)
    saved = torch.load(run.checkpoint, weights_only=False)
    assert saved['meta']['iter'] == 12
    row = f'| 1 | CoSA (`cosa`) | 1 | {scores["mIoU"]:.1f} | - |'
    assert row in Path('t.md').read_text()
