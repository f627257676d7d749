"""Importing the package, as each tool does."""

import subprocess
import sys


def test_import_says_nothing():
    done = subprocess.run(
        [sys.executable, '-c', 'import cosa_mmseg'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout + done.stderr == ''


def test_import_registers_parts_and_loads_nothing_else():
    code = "import cosa_mmseg, sys; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {*done.stdout.split()}
    assert 'cosa_mmseg.models.segmentors.cosa' in loaded
    assert 'cosa_mmseg.engine.hooks.report_hook' in loaded
    heavy = (
        'matplotlib',
        'cosa_mmseg.apis',
        'cosa_mmseg.cli',
        'cosa_mmseg.config',
        'cosa_mmseg.engine.replay',
        'cosa_mmseg.interop',
        'cosa_mmseg.visualization',
    )
    found = {m for m in loaded for h in heavy if f'{m}.'.startswith(f'{h}.')}
    assert not found


def test_import_replaces_no_loader_of_mmengine():
    code = (
        'import cosa_mmseg; from mmengine.runner import CheckpointLoader as c;'
        'print({x.__module__ for x in c._schemes.values()})'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "{'mmengine.runner.checkpoint'}\n"
