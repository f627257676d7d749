"""Importing the scripts of `tools/`, which is no package."""

import importlib.util
from pathlib import Path
from types import ModuleType

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


def load_tool(name: str) -> ModuleType:
    """The module in ``tools/<name>.py``."""
    spec = importlib.util.spec_from_file_location(
        f'tools_{name}', TOOLS / f'{name}.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
