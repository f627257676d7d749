"""CoSA for MMSegmentation: segmentation learned from image-level labels.

Importing the package registers all its parts in MMEngine's root registries,
so that configs of any default scope find them; configs name it in
``custom_imports``.
"""

from .utils.command import is_command
from .version import __version__

# the command registers them once it has read its line: that takes seconds,
# for which nobody waits who asks for --help
if not is_command():
    from . import parts  # noqa: F401

__all__ = ['__version__']
