"""Files of weights, read without running code that they may hold.

A pickle, which is what ``torch.save`` writes, is a program: to load one that
is not trusted is to run it.  :func:`read_weights` makes tensors, numbers, text
and logs of it and nothing else, and refuses files whose content has changed
since it was written, or whose weights are not finite.
"""

import os
import re
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.utils import digit_version
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from .weight_checks import AGAIN, WeightsError, check_sums, check_weights

# '1' in the environment: whatever is loaded is trusted and may run code
TRUST = 'COSA_TRUST_CHECKPOINT'
# older: `weights_only` runs TorchScript and unpacks tar files, CVE-2025-32434
LEAST_TORCH = '2.6.0'
IF_TRUSTED = 'if you trust who made it, --trust-checkpoint runs it'
# How files begin that a download leaves in the place of weights
_NO_WEIGHTS = {
    rb'\s*<(!doctype|html|\?xml|head)': 'is a web page, not weights: the '
    'download was answered by a log-in or an error page; open the address in '
    'a browser and download the file itself',
    rb'version https://git-lfs': "is git's placeholder of a large file: "
    'fetch the file itself with `git lfs pull`',
}
# The length of a header, and the header
_SAFETENSORS = re.compile(rb'.{6}\0\0\{"', re.DOTALL)
# What torch says of the first thing that is neither tensor nor plain data
_CODE = re.compile(
    r'(?:GLOBAL|for unrecognized function|add_safe_globals`,? but got) '
    r'(<[^>]*>|\S+)'
)


class MissingWeightsError(WeightsError, FileNotFoundError):
    """There is no such file."""


def read_weights(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint: tensors, maybe nested, and plain data beside them.

    Nothing in the file is executed, unless the environment variable `TRUST`
    is ``'1'``.  With torch < 2.6 only ``.safetensors`` and ``.npz`` are read
    without it.

    Args:
        path: ``.safetensors``, ``.npz``, or any other name for what
            ``torch.save`` wrote (``.pth``, ``.pt``, ``.bin``, ...).

    Returns:
        dict[str, Any]: What the file holds, on the CPU.

    Raises:
        MissingWeightsError: If there is no such file.
        WeightsError: If it is empty, broken, no checkpoint, holds objects
            other than tensors and plain data, or weights that are NaN or
            infinite.
    """
    path = Path(path)
    if path.is_dir():
        raise WeightsError(f'{path} is a folder: name a checkpoint in it')
    if not path.is_file():
        raise MissingWeightsError(
            f'there is no file {path}: name another; where the weights are '
            'from that a config starts from (init_cfg) is said in its '
            'comments and in docs/mixing.md'
        )
    with open(path, 'rb') as file:
        start = file.read(512)
    if not start:
        raise WeightsError(f'{path} is empty (0 bytes): {AGAIN}')
    for pattern, what in _NO_WEIGHTS.items():
        if re.match(pattern, start, re.IGNORECASE):
            raise WeightsError(f'{path} {what}')
    if _SAFETENSORS.match(start) and path.suffix != '.safetensors':
        raise WeightsError(
            f'{path} is a safetensors file: end its name in .safetensors'
        )
    if start.startswith(b'PK'):
        check_sums(path)
    readers = {'.safetensors': _read_safetensors, '.npz': _read_npz}
    content = readers.get(path.suffix, _read_torch)(path)
    check_weights(content, path)
    return content


def load_safely(name: str | Path, load: Callable[[], Any]) -> Any:
    """Call what loads a file with torch, such that no code in it is run.

    Args:
        name: Of the file, for messages.
        load: Calls ``torch.load``, whose ``weights_only`` is set in any case.

    Raises:
        WeightsError: If the file holds more than tensors and plain data, or
            cannot be loaded.
    """
    try:
        if is_trusted():
            return load()
        with _weights_only(name):
            return load()
    except WeightsError:
        raise
    except Exception as err:  # whatever random bytes lead to
        raise WeightsError(f'{name} {_reason(err)}') from err


def is_trusted() -> bool:
    """Whether files may run code: ``--trust-checkpoint`` was given."""
    return os.environ.get(TRUST) == '1'


@contextmanager
def _weights_only(name: str | Path) -> Iterator[None]:
    """Has every ``torch.load`` make tensors and plain data only.

    Raises:
        WeightsError: If this torch cannot.
    """
    if digit_version(torch.__version__) < digit_version(LEAST_TORCH):
        raise WeightsError(
            f'torch {torch.__version__} cannot read {name} without running '
            f'the code that it may hold: use torch>={LEAST_TORCH} or a '
            f'.safetensors file, or, {IF_TRUSTED}'
        )
    variable = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'
    before = os.environ.get(variable)
    os.environ[variable] = '1'
    try:
        with torch.serialization.safe_globals(_plain_data()):
            yield
    finally:
        del os.environ[variable]
        if before is not None:
            os.environ[variable] = before


def _reason(err: Exception) -> str:
    """What is wrong with a file that torch does not load."""
    if found := _CODE.search(str(err)):
        return (
            f'holds {found[1].strip(".")}, which is code and no weights; it '
            f'was not run: ask for a file of tensors alone, or, {IF_TRUSTED}'
        )
    if 'TorchScript' in str(err):
        return 'is a TorchScript program: ask for its state_dict()'
    brief = isinstance(err, (RuntimeError, OSError)) or is_trusted()
    reason = str(err).split('. ')[0].split('\n')[0] if brief else ''
    return (
        'is no checkpoint of PyTorch, or a part of one'
        f'{reason and f" ({reason})"}: {AGAIN}'
    )


def _plain_data() -> list[Any]:
    """What a file may hold besides tensors: logs, options and numbers.

    They are command lines of DINO and DeiT, logs and scores of mmengine.  The
    second of a pair is the name in the file.  Python's ``getattr`` must not
    be among them, though mmengine's list has it: it reaches all functions.
    """
    numbers = np.typecodes['AllInteger'] + np.typecodes['AllFloat'] + '?'
    restore_array = np.empty(0).__reduce__()[0]
    restore_number = np.float64(0).__reduce__()[0]
    return [
        Namespace,
        HistoryBuffer,
        (_statistic, 'builtins.getattr'),
        slice,
        np.ndarray,
        np.dtype,
        *{type(np.dtype(number)) for number in numbers},
        # numpy 1 and 2 name them differently
        (restore_array, 'numpy.core.multiarray._reconstruct'),
        (restore_array, 'numpy._core.multiarray._reconstruct'),
        (restore_number, 'numpy.core.multiarray.scalar'),
        (restore_number, 'numpy._core.multiarray.scalar'),
    ]


def _statistic(owner: Any, name: str) -> Any:
    """What a file with a ``HistoryBuffer`` gets for ``getattr``.

    Raises:
        UnpicklingError: If it asks for more than names of its statistics.
    """
    names = ('min', 'max', 'current', 'mean')
    if owner is not HistoryBuffer or name not in names:
        raise UnpicklingError('GLOBAL getattr is for logs only')
    return getattr(HistoryBuffer, name)


def _read_torch(path: Path) -> Any:
    """What ``torch.save`` wrote."""

    def load() -> Any:
        return torch.load(
            path, map_location='cpu', weights_only=not is_trusted()
        )

    return load_safely(path, load)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a ``.safetensors`` file."""
    try:
        return load_file(path)
    except SafetensorError as err:
        raise WeightsError(
            f'{path} is no safetensors file, or a part of one ({err}): {AGAIN}'
        ) from err


def _read_npz(path: Path) -> dict[str, Tensor]:
    """Arrays of an ``.npz`` file as tensors."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: torch.from_numpy(file[name]) for name in file.files}
    except Exception as err:  # whatever a broken zip file leads to
        raise WeightsError(
            f'{path} is no .npz file of numbers, or a part of one ({err}): '
            f'{AGAIN}'
        ) from err
