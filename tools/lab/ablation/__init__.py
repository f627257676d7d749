"""Ablations: arms times seeds, run, compared by seed, and tabulated.

`tools/lab/ablation` is the command line.
"""

from .arms import (
    Arm,
    check_comparable,
    load_arms,
    select_arms,
)
from .execution import execute
from .launcher import (
    Launcher,
    RunError,
)
from .paired import (
    PairedDifference,
    paired_difference,
)
from .run import Run
from .study import execute_all
from .table import (
    document,
    split_table,
)

__all__ = [
    'Arm',
    'Launcher',
    'PairedDifference',
    'Run',
    'RunError',
    'check_comparable',
    'document',
    'execute',
    'execute_all',
    'load_arms',
    'paired_difference',
    'select_arms',
    'split_table',
]
