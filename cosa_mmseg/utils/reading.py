"""Reading of text files whose size, kind and encoding are not known."""

import codecs
import json
import os
import stat
from pathlib import Path
from typing import Any

import mmengine.fileio as fileio

MAX_BYTES = 64 << 20  # of labels of a million images; parsed it is 2 GB
# What files begin with, the longer marks first
_MARKS = {
    codecs.BOM_UTF32_LE: 'utf-32',
    codecs.BOM_UTF32_BE: 'utf-32',
    codecs.BOM_UTF16_LE: 'utf-16',
    codecs.BOM_UTF16_BE: 'utf-16',
}
_KINDS = {
    stat.S_IFDIR: 'a folder',
    stat.S_IFIFO: 'a pipe',
    stat.S_IFCHR: 'a device',
    stat.S_IFBLK: 'a device',
    stat.S_IFSOCK: 'a socket',
}


def check_is_file(path: str | Path) -> None:
    """Refuse what is no regular file: to read it may never end.

    Args:
        path: A local path.

    Raises:
        FileNotFoundError: There is nothing.
        ValueError: There is a folder, a pipe, a device or a socket.
    """
    kind = _KINDS.get(stat.S_IFMT(os.stat(path).st_mode))
    if kind:
        raise ValueError(f'{path} is {kind}, and must be a file')


def read_bytes(path: str | Path, backend_args: dict | None = None) -> bytes:
    """Return the content of a file of at most ``MAX_BYTES``.

    Args:
        path: The file.
        backend_args: Where mmengine's file client finds it.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no regular file, or larger.
    """
    if backend_args or '://' in str(path):
        data = fileio.get(path, backend_args)
    else:
        check_is_file(path)
        with open(path, 'rb') as file:
            data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(
            f'{path} has more than {MAX_BYTES >> 20} MiB, which no file of '
            'its kind needs: is it another file?'
        )
    return data


def decode(data: bytes) -> str:
    r"""Return text with ``\n`` at the ends of lines.

    It is UTF-8, or UTF-16 or UTF-32 if it begins with the byte order mark.

    Raises:
        ValueError: The bytes are no such text; starts with the line.
    """
    encoding = next((e for m, e in _MARKS.items() if data.startswith(m)), '')
    try:
        text = data.decode(encoding or 'utf-8')
    except UnicodeDecodeError as err:
        line = err.object.count(b'\n', 0, err.start) + 1
        raise ValueError(
            f'line {line}: byte 0x{err.object[err.start]:02x} is not '
            f'{encoding.upper() or "UTF-8"}; save the file as UTF-8'
        ) from err
    before, nul, _ = text.partition('\0')
    if nul:
        raise ValueError(
            f'line {before.count(chr(10)) + 1}: a NUL character, which no '
            'text has; save the file as UTF-8 text'
        )
    text = text.lstrip('\ufeff')  # programs put one more in front
    return text.replace('\r\n', '\n').replace('\r', '\n')


def read_text(path: str | Path, backend_args: dict | None = None) -> str:
    """Return the text of a file.

    Args:
        path: The file.
        backend_args: Where mmengine's file client finds it.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: As :func:`read_bytes` and :func:`decode`.
    """
    data = read_bytes(path, backend_args)
    try:
        return decode(data)
    except ValueError as err:
        raise ValueError(f'{path} {err}') from err


def read_json(path: str | Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: As :func:`read_text`, or it is not JSON.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        raise ValueError(f'{path} is not JSON: {err}') from err
