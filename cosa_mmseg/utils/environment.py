"""What results depend on beside settings and seeds."""

from importlib import import_module
from platform import python_version

import torch

PACKAGES = (
    'cosa_mmseg',
    'mmseg',
    'mmpretrain',
    'mmengine',
    'mmcv',
    'torch',
    'numpy',
)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that make a result."""
    found = {name: import_module(name).__version__ for name in PACKAGES}
    return {'python': python_version(), **found}


def device_name(threads: int) -> str:
    """The GPU, or how many threads of a CPU a run uses."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f'CPU, {threads} thread{"s" if threads > 1 else ""} a run'
