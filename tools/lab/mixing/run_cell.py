"""Runs one cell: ``python -m tools.lab.mixing.run_cell CELL RESULT``."""

import json
import sys

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.utils.atomic import atomic_file

from .cell import Cell

if __name__ == '__main__':
    cell = Cell.from_json(sys.argv[1])
    result = dict(cell.run(), digest=cell.digest())
    with atomic_file(sys.argv[2]) as unfinished:
        unfinished.write_text(json.dumps(result, indent=2) + '\n')
