"""Importing the package, as each command does."""

import json
import subprocess
import sys

CODE = """
import json, sys
import cosa_mmseg
loaded = [*sys.modules]
from mmengine.runner import CheckpointLoader
loaders = {load.__module__ for load in CheckpointLoader._schemes.values()}
print(json.dumps([loaded, [*loaders]]))
"""
HEAVY = (
    'matplotlib',
    'cosa_mmseg.apis',
    'cosa_mmseg.cli',
    'cosa_mmseg.config',
    'cosa_mmseg.engine.replay',
    'cosa_mmseg.interop',
    'cosa_mmseg.visualization',
)


def test_import_registers_parts_and_does_nothing_else():
    done = subprocess.run(
        [sys.executable, '-c', CODE],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ''
    (line,) = done.stdout.splitlines()  # nothing was said
    loaded, loaders = json.loads(line)
    assert 'cosa_mmseg.models.segmentors.cosa' in loaded
    assert 'cosa_mmseg.engine.hooks.report_hook' in loaded
    found = {m for m in loaded for h in HEAVY if f'{m}.'.startswith(f'{h}.')}
    assert not found
    assert loaders == ['mmengine.runner.checkpoint']
