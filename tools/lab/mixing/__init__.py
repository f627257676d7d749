"""Any backbone with any decode head: which pairs train, and what they cost."""

from .cell import (
    Cell,
    Conditions,
)
from .compose import compose
from .matrix import run_cells
from .parts import (
    backbone_configs,
    head_configs,
    select,
)
from .table import document
from .trial import (
    Trial,
    try_training,
)

__all__ = [
    'Cell',
    'Conditions',
    'Trial',
    'backbone_configs',
    'compose',
    'document',
    'head_configs',
    'run_cells',
    'select',
    'try_training',
]
