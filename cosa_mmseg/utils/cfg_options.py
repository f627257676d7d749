"""Settings on a command line."""

import re
from argparse import ArgumentError, ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

from mmengine.config import DictAction

_BLANK = '\0'  # no argument of a process has this character
_OUTER = re.compile(r'\s+(?=[,)\]])|(?<=[,(\[])\s+')


class CfgOptionsAction(DictAction):
    """Options ``KEY=VALUE``, as mmengine reads them, but for two things.

    Blanks in names and paths stay (mmengine removes them all), and what cannot
    be read is one sentence of the parser.
    """

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Add the options to those that the namespace has."""
        for option in values or ():
            key, sign, value = option.partition('=')
            if not key or not sign:
                raise ArgumentError(
                    self,
                    f'{option!r} is not KEY=VALUE, in quotes if it has blanks',
                )
            try:
                super().__call__(
                    parser, namespace, [f'{key}={_hide_blanks(value)}']
                )
            except (AssertionError, RecursionError) as err:
                raise ArgumentError(
                    self,
                    f'{option!r} cannot be read: a value with commas or '
                    'brackets is a list, [a,b] or (a,b), maybe of lists; a '
                    'dict is set key by key',
                ) from err
        options = getattr(namespace, self.dest)
        options.update({k: _show_blanks(v) for k, v in options.items()})


def _hide_blanks(value: str) -> str:
    """Hide blanks, but for those around a value, or one of a list."""
    value = value.strip()
    if ',' in value or value.startswith(('(', '[')):
        value = _OUTER.sub('', value)
    return value.replace(' ', _BLANK)


def _show_blanks(value: Any) -> Any:
    """Show the blanks that were hidden."""
    if isinstance(value, list | tuple):
        return type(value)(map(_show_blanks, value))
    return value.replace(_BLANK, ' ') if isinstance(value, str) else value
