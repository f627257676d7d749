"""Access to the golden vectors: exact inputs and outputs to reproduce.

The folder is named by the environment variable ``COSA_GOLDENS`` (default:
``../shared/goldens`` beside the checkout).  Files that are not there are
looked for in ``tests/data``, which holds the small ones that guard the core;
a test whose file is in neither is skipped and says so.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / 'tests' / 'data'


def _find(filename: str) -> Path:
    """Path of a golden file; skips the calling test when there is none."""
    named = os.environ.get('COSA_GOLDENS')
    folder = Path(named) if named else ROOT.parent / 'shared' / 'goldens'
    if named and not folder.is_dir():
        raise FileNotFoundError(f'COSA_GOLDENS names no folder: {named}')
    for candidate in (folder / filename, DATA / filename):
        if candidate.is_file():
            return candidate
    pytest.skip(f'golden file {filename} is neither in {folder} nor in {DATA}')


def load(name: str) -> dict[str, np.ndarray]:
    """All arrays of ``<name>.npz``, by their names."""
    with np.load(_find(f'{name}.npz')) as file:
        return {key: file[key] for key in file.files}


def load_tensors(name: str) -> dict[str, torch.Tensor]:
    """All arrays of ``<name>.npz`` as tensors, by their names."""
    return {
        key: torch.from_numpy(np.array(value))
        for key, value in load(name).items()
    }


def meta(name: str) -> dict:
    """Settings of ``<name>.npz``, from the manifest of its own set."""
    manifest = _find(f'{name}.npz').with_name('manifest.json')
    return json.loads(manifest.read_text())['files'][f'{name}.npz']['meta']
