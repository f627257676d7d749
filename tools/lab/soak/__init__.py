"""A long training of a tiny model, and what grows in it.

`tools/lab/soak` is the command line.
"""

from .readings import (
    Trend,
    read,
    trend_table,
    trends,
)
from .training import soak

__all__ = ['Trend', 'trend_table', 'read', 'soak', 'trends']
