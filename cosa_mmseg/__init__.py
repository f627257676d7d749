"""CoSA for MMSegmentation: segmentation learned from image-level labels.

Importing the package registers all its parts in MMEngine's root registries,
so that configs of any default scope find them; configs name it in
``custom_imports``.
"""

import sys
from contextlib import redirect_stdout

from .utils.requirements import check_requirements
from .version import __version__

check_requirements()

# mmseg and mmpretrain print when they are imported, to where results belong
with redirect_stdout(sys.stderr):
    from . import (
        datasets,
        engine,
        evaluation,
        model_converters,
        models,
    )

__all__ = [
    '__version__',
    'datasets',
    'engine',
    'evaluation',
    'model_converters',
    'models',
]
