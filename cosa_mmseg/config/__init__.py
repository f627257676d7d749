"""Configs are checked before they are trained with."""

from cosa_mmseg.utils.config_errors import (
    ConfigError,
    naming_the_key,
)

from .check import (
    check_config,
    check_test,
)
from .settings import log_warmup

__all__ = [
    'ConfigError',
    'check_config',
    'check_test',
    'log_warmup',
    'naming_the_key',
]
