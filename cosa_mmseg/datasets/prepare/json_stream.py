"""Reads the arrays of a large JSON file, one element at a time."""

import json
import re
from collections.abc import Collection, Iterator
from itertools import count
from pathlib import Path
from typing import Any, TextIO

# Characters that are at hand; a longer element counts as broken JSON
LIMIT = 1 << 22
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r'[ \t\r\n]*')


def iter_json_arrays(
    path: str | Path, keys: Collection[str]
) -> Iterator[tuple[str, int, Any]]:
    """Yield the elements of some arrays in a file that holds one JSON object.

    The file is read once. In memory is a piece of it and one element; the
    members that ``keys`` does not name are read and dropped.

    Args:
        path: A JSON file, ``{key: [element, ...], ...}``.
        keys: The arrays to read. Each must be there, in any order.

    Yields:
        tuple[str, int, Any]: Key, index of the element in the array, element.

    Raises:
        ValueError: If the file is no JSON object, is cut off, lacks a key, or
            has something other than an array there. What precedes the fault
            has been yielded by then.
    """
    missing = set(keys)
    with open(path, encoding='utf-8') as file:
        reader = _Reader(file)
        try:
            for _ in reader.entries('{', '}'):
                if reader.peek() != '"':
                    reader.take('"')
                key = reader.value()
                reader.take(':')
                if key not in keys:
                    reader.value()
                    continue
                for index in reader.entries('[', ']'):
                    yield key, index, reader.value()
                missing.discard(key)
            if found := reader.peek():
                raise ValueError(f'nothing may follow the object, but {found}')
            if missing:
                raise ValueError(f'it has no {sorted(missing)}')
        except ValueError as err:  # also that of a file which is not UTF-8
            place = f'character {reader.start + reader.pos}'
            raise ValueError(f'{path} cannot be read: {place}: {err}') from err


class _Reader:
    """A text file as a sequence of JSON tokens.

    Args:
        file: An open file.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.text = ''  # the part of the file in memory
        self.start = 0  # where in the file that part begins
        self.pos = 0  # where in that part the next token begins
        self.is_at_end = False

    def peek(self) -> str:
        """Return the next character that is no space, '' at the file's end."""
        while True:
            match = _SPACE.match(self.text, self.pos)
            assert match is not None  # it matches nothing, too
            self.pos = match.end()
            rest = len(self.text) - self.pos
            if rest > LIMIT or self.is_at_end:
                return self.text[self.pos : self.pos + 1]
            more = self.file.read(LIMIT)
            self.start += self.pos
            self.text, self.pos = self.text[self.pos :] + more, 0
            self.is_at_end = not more

    def take(self, allowed: str) -> str:
        """Take the next character, which must be one of those allowed."""
        found = self.peek()
        if not found:
            raise ValueError('the file ends here (an incomplete download?)')
        if found not in allowed:
            raise ValueError(f'expected {" or ".join(allowed)}, found {found}')
        self.pos += 1
        return found

    def value(self) -> Any:
        """Take the next value."""
        self.peek()
        try:
            value, self.pos = _DECODER.raw_decode(self.text, self.pos)
        except json.JSONDecodeError as err:
            raise ValueError(f'broken or cut-off JSON ({err.msg})') from err
        except RecursionError as err:
            raise ValueError('it is nested too deep') from err
        return value

    def entries(self, start: str, end: str) -> Iterator[int]:
        """Yield the numbers of entries, each of which the caller takes."""
        self.take(start)
        if self.peek() == end:
            self.take(end)
            return
        for index in count():
            yield index
            if self.take(f',{end}') == end:
                return
