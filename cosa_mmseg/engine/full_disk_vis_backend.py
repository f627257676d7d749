"""A log of scalars that a full disk does not turn into an error."""

import logging
import os
from pathlib import Path

from mmengine.logging import print_log
from mmengine.registry import VISBACKENDS
from mmengine.visualization import LocalVisBackend


@VISBACKENDS.register_module()
class FullDiskVisBackend(LocalVisBackend):
    """mmengine's ``LocalVisBackend``, without what cannot be written.

    A line of scalars that the disk does not take is left out and named in a
    warning; training goes on, and so does the file once there is space.
    """

    def _dump(self, value_dict: dict, file_path: str, file_format: str):
        """Appends a line, whole or not at all."""
        path = Path(file_path)
        size = path.stat().st_size if path.is_file() else 0
        try:
            super()._dump(value_dict, file_path, file_format)
        except OSError as err:
            if path.is_file():
                os.truncate(path, size)
            print_log(
                f'{path}: step {value_dict.get("step")} is left out: '
                f'{err.strerror}',
                'current',
                logging.WARNING,
            )
