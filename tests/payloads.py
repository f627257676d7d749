"""Files that run code when whoever loads them lets them: they make a folder.

Each kind is a file of weights by its name, with `WEIGHTS` in it.
"""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import torch

MARKER = 'executed'  # the folder, in the working folder
WEIGHTS = {'a': torch.zeros(3)}


class Payload:
    """What only code can make."""

    def __reduce__(self):
        return os.mkdir, (MARKER,)


def has_run() -> bool:
    """Whether a payload was executed in the working folder."""
    return Path(MARKER).exists()


def zip_format(path: Path) -> None:
    torch.save({'state_dict': WEIGHTS, 'x': Payload()}, path)


def legacy_format(path: Path) -> None:
    content = {'state_dict': WEIGHTS, 'x': Payload()}
    torch.save(content, path, _use_new_zipfile_serialization=False)


def bare_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps({'state_dict': {}, 'x': Payload()}))


def objects_in_npz(path: Path) -> None:
    np.savez(path, a=np.array([Payload()], object))


def through_getattr(path: Path) -> None:
    """Names nothing but ``getattr`` and what torch allows.

    ``getattr`` is of the module ``builtins``, which has ``exec``; a function
    of torch, which restores tensors of a subclass, calls it.
    """
    get = b'c__builtin__\ngetattr\n'
    text = f'import os; os.mkdir({MARKER!r})'
    execute = _call(get, _call(get, get, _text('__self__')), _text('exec'))
    none_type = _call(get, b'N', _text('__class__'))
    rebuild = b'ctorch._tensor\n_rebuild_from_type_v2\n'
    called = _call(rebuild, execute, none_type, _text(text) + b'\x85', b'N')
    program = b'\x80\x02}' + _text('x') + called + b's.'
    zip_format(path)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in files.items():
            own = name.endswith('/data.pkl')
            archive.writestr(name, program if own else content)


def _text(text: str) -> bytes:
    """Opcodes of a pickle that make a text."""
    return b'X' + len(text).to_bytes(4, 'little') + text.encode()


def _call(function: bytes, *args: bytes) -> bytes:
    """Opcodes of a pickle that call a function."""
    return function + b'(' + b''.join(args) + b'tR'


KINDS = {
    'zip': ('a.pth', zip_format),
    'legacy': ('a.pth', legacy_format),
    'bare pickle': ('a.bin', bare_pickle),
    'getattr': ('a.pth', through_getattr),
    'safetensors': ('a.safetensors', zip_format),
    'npz': ('a.npz', objects_in_npz),
}
