import os
from unittest import mock

import pytest

from tests.golden import ROOT

from .toy import CONFIG


@pytest.fixture
def toy_config(tmp_path, monkeypatch):
    """Name of a toy config in the working folder; restores the environment."""
    monkeypatch.chdir(tmp_path)
    base = ROOT / 'configs' / '_base_' / 'default_runtime.py'
    (tmp_path / 'toy.py').write_text(CONFIG.format(base=base))
    with mock.patch.dict(os.environ):
        os.environ.pop('LOCAL_RANK', None)
        yield 'toy.py'
