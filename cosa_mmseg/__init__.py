"""CoSA for MMSegmentation: segmentation learned from image-level labels.

Importing the package registers all its parts in MMEngine's root registries,
so that configs of any default scope find them; configs name it in
``custom_imports``.
"""

import io
import warnings
from contextlib import redirect_stdout

from .utils.requirements import check_requirements
from .version import __version__

check_requirements()

# mmcv, mmseg and mmpretrain say when they are imported what they could not
# import: compiled ops and data sets, none of which is used here
with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
    warnings.filterwarnings('ignore', 'Fail to import', UserWarning)
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
