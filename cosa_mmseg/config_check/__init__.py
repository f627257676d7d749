"""Configs are checked before they are trained with."""

from .check import check_config
from .errors import ConfigError, naming_the_key

__all__ = ['ConfigError', 'check_config', 'naming_the_key']
