"""Register all parts in MMEngine's root registries, by being imported."""

import io
import warnings
from contextlib import redirect_stdout

from .utils.exits import exit_codes
from .utils.requirements import check_requirements
from .utils.threads import wait_asleep

wait_asleep()
check_requirements()

# mmcv, mmseg and mmpretrain say when they are imported what they could not
# import: compiled ops and data sets, none of which is used here.
# Ctrl+C in the first seconds of a command comes here.
with (
    exit_codes(),
    warnings.catch_warnings(),
    redirect_stdout(io.StringIO()),
):
    warnings.filterwarnings('ignore', 'Fail to import', UserWarning)
    from . import datasets, engine, evaluation, models

__all__ = ['datasets', 'engine', 'evaluation', 'models']
