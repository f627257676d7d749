import argparse
import ast
import os
import subprocess
import sys

import pytest

from .load import TOOLS, load_tool

# a command that prints its arguments takes the place of python and srun
ECHO = '#!/bin/sh\nprintf "%s\\n" "$@"\n'


@pytest.fixture
def call(tmp_path):
    for name in ('python', 'srun'):
        (tmp_path / name).write_text(ECHO)
        (tmp_path / name).chmod(0o755)

    def call(script, *args, **environment):
        path = f'{tmp_path}{os.pathsep}{os.environ["PATH"]}'
        result = subprocess.run(
            [TOOLS / script, *args],
            env={**os.environ, 'PATH': path, **environment},
            capture_output=True,
            text=True,
        )
        return result.returncode, result.stdout.splitlines(), result.stderr

    return call


@pytest.mark.parametrize(
    ('script', 'args', 'launcher'),
    [
        ('dist_train.sh', ['a config.py', '3'], 'pytorch'),
        ('dist_test.sh', ['a config.py', 'a.pth', '3'], 'pytorch'),
        ('slurm_train.sh', ['gpu', 'job', 'a config.py'], 'slurm'),
        ('slurm_test.sh', ['gpu', 'job', 'a config.py', 'a.pth'], 'slurm'),
    ],
)
def test_arguments_reach_the_tool(call, script, args, launcher):
    options = ['--cfg-options', 'key=[(1, 2)]']
    code, words, _ = call(script, *args, *options, GPUS='3')
    assert code == 0
    count = '--nproc_per_node=3' if launcher == 'pytorch' else '--ntasks=3'
    assert count in words
    tool = 'train' if 'train' in script else 'test'
    (start,) = (i for i, w in enumerate(words) if w.endswith(f'/{tool}.py'))
    operands = ['a config.py'] + ['a.pth'] * (tool == 'test')
    assert words[start + 1 :] == [
        *operands,
        '--launcher',
        launcher,
        *options,
    ]


@pytest.mark.parametrize('script', sorted(p.name for p in TOOLS.glob('*.sh')))
def test_missing_arguments_show_the_usage(call, script):
    code, _, error = call(script, 'one')
    assert code == 2
    assert f'tools/{script}' in error


# of the lab's packages the command lines alone
PYTHON = sorted(
    str(path.relative_to(TOOLS).with_suffix(''))
    for path in TOOLS.rglob('*.py')
    if path.parent in (TOOLS, TOOLS / 'lab') or path.name == '__main__.py'
)


@pytest.mark.parametrize('name', [n for n in PYTHON if n.startswith('lab/')])
def test_an_interrupt_is_code_130(name, monkeypatch, capsys):
    def interrupt(*args):
        raise KeyboardInterrupt

    tool = load_tool(name)
    monkeypatch.setattr(argparse.ArgumentParser, 'parse_args', interrupt)
    with pytest.raises(SystemExit) as stop:
        tool.main([])
    assert stop.value.code == 130
    assert capsys.readouterr().err.startswith('interrupted')


@pytest.mark.parametrize('name', PYTHON)
def test_the_package_is_imported_first(name):
    """It catches an interrupt of the imports and has threads wait asleep."""
    tree = ast.parse((TOOLS / f'{name}.py').read_text())
    imported = [
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    slow = [
        n for n in imported if n.split('.')[0] not in sys.stdlib_module_names
    ]
    assert slow[0].split('.')[0] == 'cosa_mmseg'
