"""Settings on a command line."""

import re
from argparse import ArgumentError, ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any

from mmengine.config import DictAction

from cosa_mmseg.utils.paths import PATH_KEY

_BLANK = '\0'  # no argument of a process has this character
_QUOTED = re.compile(r"""(['"])(.*)\1""", re.DOTALL)
_OUTER = re.compile(r'\s+(?=[,)\]])|(?<=[,(\[])\s+')


class CfgOptionsAction(DictAction):
    """Read options ``KEY=VALUE`` as mmengine does, but for three things.

    Blanks in names stay (mmengine removes them all). A path or a separator is
    a string or None, and what is in quotes is a string. What cannot be read is
    one sentence of the parser.
    """

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Add the options to those that the namespace has."""
        options = dict(getattr(namespace, self.dest, None) or {})
        for option in values or ():
            key, sign, value = option.partition('=')
            if not key or not sign:
                raise ArgumentError(
                    self,
                    f'{option!r} is not KEY=VALUE, in quotes if it has blanks',
                )
            try:
                options[key] = self._read(key, value.strip())
            except (AssertionError, RecursionError) as err:
                raise ArgumentError(
                    self,
                    f'{option!r} cannot be read: a value with commas or '
                    'brackets is a list, [a,b] or (a,b), maybe of lists, '
                    'unless it is in quotes of its own; a dict is set key by '
                    'key',
                ) from err
        setattr(namespace, self.dest, options)

    def _read(self, key: str, value: str) -> Any:
        """Return the value of an option."""
        name = key.rpartition('.')[2]
        is_text = name == 'label_separator' or PATH_KEY.fullmatch(name)
        quoted = _QUOTED.fullmatch(value)
        if quoted and (is_text or not quoted[2].startswith(('(', '['))):
            return quoted[2]
        if is_text:
            return None if value == 'None' else value
        return _show_blanks(self._parse_iterable(_hide_blanks(value)))


def _hide_blanks(value: str) -> str:
    """Hide blanks, but for those around a value of a list."""
    if ',' in value or value.startswith(('(', '[')):
        value = _OUTER.sub('', value)
    return value.replace(' ', _BLANK)


def _show_blanks(value: Any) -> Any:
    """Show the blanks that were hidden."""
    if isinstance(value, list | tuple):
        return type(value)(map(_show_blanks, value))
    return value.replace(_BLANK, ' ') if isinstance(value, str) else value
