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
