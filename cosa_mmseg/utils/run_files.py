"""Files that a training leaves in its folder for the report."""

import json
from pathlib import Path
from typing import Any

from .atomic import atomic_file

RUN_FILE, CONFUSION_FILE = 'run.json', 'confusion.json'


def write_json(path: str | Path, content: Any) -> None:
    """Write a file, whole or not at all."""
    with atomic_file(path) as unfinished:
        unfinished.write_text(json.dumps(content))
