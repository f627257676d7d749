"""Reads the arrays of a large JSON file, one element at a time."""

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO

CHUNK = 1 << 20  # characters that are read at a time
LIMIT = 1 << 24  # characters; a longer element counts as broken JSON
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r'[ \t\r\n]*')
_FOLLOWS = re.compile(r'[ \t\r\n,:\]}]')


def iter_json_arrays(
    path: str | Path, keys: Collection[str]
) -> Iterator[tuple[str, int, Any]]:
    """The elements of some arrays in a file that holds one JSON object.

    The file is read once. In memory is a chunk of it and one element; the
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
            for key in _keys(reader):
                if reader.peek() == '[':
                    for index, element in enumerate(_elements(reader)):
                        if key in keys:
                            yield key, index, element
                elif key in keys:
                    raise ValueError(f'{key!r} must be an array')
                else:
                    reader.value()
                missing.discard(key)
            if missing:
                raise ValueError(f'it has no {sorted(missing)}')
        except ValueError as err:  # also that of a file which is not UTF-8
            raise ValueError(f'{path} cannot be read: {err}') from err


class _Reader:
    """A text file as a sequence of JSON tokens.

    Args:
        file (TextIO): An open file.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.text = ''  # the part of the file in memory
        self.start = 0  # where in the file that part begins
        self.pos = 0  # where in that part the next token begins

    def read_on(self) -> bool:
        """Drop what is done with and read more; False at the file's end.

        What is at hand doubles, so that an element longer than a chunk is not
        decoded many times.
        """
        rest = self.text[self.pos :]
        more = self.file.read(max(CHUNK, len(rest)))
        self.start += self.pos
        self.text, self.pos = rest + more, 0
        return bool(more)

    def peek(self) -> str:
        """The next character that is no space, '' at the file's end."""
        while True:
            match = _SPACE.match(self.text, self.pos)
            assert match is not None  # it matches nothing, too
            self.pos = match.end()
            if self.pos < len(self.text):
                return self.text[self.pos]
            if not self.read_on():
                return ''

    def take(self, allowed: str) -> str:
        """The next character, which must be one of those allowed."""
        found = self.peek()
        if not found:
            self.fail('the file ends here (an incomplete download?)')
        if found not in allowed:
            self.fail(f'expected {" or ".join(allowed)}, found {found}')
        self.pos += 1
        return found

    def value(self) -> Any:
        """The next value, with what may follow one at hand after it.

        Else it might go on: ``1`` may be the start of ``1.5`` or ``1e-3``.
        """
        self.peek()
        while True:
            problem = 'broken or cut-off JSON'
            try:
                value, end = _DECODER.raw_decode(self.text, self.pos)
                if _FOLLOWS.match(self.text, end):
                    self.pos = end
                    return value
            except json.JSONDecodeError as err:
                problem += f' ({err.msg})'
            except RecursionError:
                self.fail('it is nested too deep')
            if len(self.text) - self.pos > LIMIT or not self.read_on():
                self.fail(problem)

    def fail(self, problem: str) -> NoReturn:
        """Raise, saying where in the file that is."""
        raise ValueError(f'character {self.start + self.pos}: {problem}')


def _keys(reader: _Reader) -> Iterator[str]:
    """Keys of the file's object; the caller reads each one's value."""
    reader.take('{')
    if reader.peek() == '}':
        reader.take('}')
    else:
        following = ','
        while following == ',':
            if reader.peek() != '"':
                reader.take('"')
            key = reader.value()
            reader.take(':')
            yield key
            following = reader.take(',}')
    if reader.peek():
        reader.fail(f'nothing may follow the object, found {reader.peek()}')


def _elements(reader: _Reader) -> Iterator[Any]:
    """Elements of an array."""
    reader.take('[')
    if reader.peek() == ']':
        reader.take(']')
        return
    following = ','
    while following == ',':
        yield reader.value()
        following = reader.take(',]')
