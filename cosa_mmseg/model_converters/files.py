"""Files of weights: read without running code, written whole or not at all.

Importing this module lets mmengine read ``.safetensors`` files wherever it
reads checkpoints: ``init_cfg``, ``load_from``, ``tools/test.py``.
"""

import re
from argparse import Namespace
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from mmengine.utils import digit_version
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from cosa_mmseg.utils.atomic import atomic_file

SUFFIXES = ('.pth', '.safetensors')  # that can be written
# How files begin that a download leaves in the place of weights
_NO_WEIGHTS = {
    rb'\s*<(!doctype|html|\?xml|head)': 'is a web page, not weights: the '
    'download was answered by a log-in or an error page; open the address in '
    'a browser and download the file itself',
    rb'version https://git-lfs': "is git's placeholder of a large file: "
    'fetch the file itself with `git lfs pull`',
}
_AGAIN = 'download or copy the file again'


class WeightsError(ValueError):
    """Weights cannot be used; the message says why and what to do."""


def read_weights(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint: tensors, maybe nested, and plain data beside them.

    Nothing in the file is executed.

    Args:
        path: ``.safetensors``, ``.npz``, or any other name for what
            ``torch.save`` wrote (``.pth``, ``.pt``, ``.bin``, ...).

    Returns:
        dict[str, Any]: What the file holds.

    Raises:
        FileNotFoundError: If there is no such file.
        WeightsError: If it is empty, broken, no checkpoint, or holds objects
            other than tensors and plain data.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no file {path}')
    with open(path, 'rb') as file:
        start = file.read(512)
    if not start:
        raise WeightsError(f'{path} is empty (0 bytes): {_AGAIN}')
    for pattern, what in _NO_WEIGHTS.items():
        if re.match(pattern, start, re.IGNORECASE):
            raise WeightsError(f'{path} {what}')
    readers = {'.safetensors': _read_safetensors, '.npz': _read_npz}
    content = readers.get(path.suffix, _read_torch)(path)
    if not isinstance(content, dict):
        raise WeightsError(
            f'{path} holds a {type(content).__name__}, not a dict of named '
            'tensors: save the state_dict() of the network'
        )
    return content


def write_weights(path: str | Path, state: dict[str, Tensor]) -> None:
    """Write named tensors to a ``.pth`` or ``.safetensors`` file.

    Raises:
        WeightsError: If the suffix is another.
    """
    check_suffix(path)
    with atomic_file(path) as unfinished:
        if unfinished.suffix == '.safetensors':
            own = {name: value.contiguous() for name, value in state.items()}
            save_file(own, unfinished, metadata={'format': 'pt'})
        else:
            torch.save(dict(state_dict=state), unfinished)


def check_suffix(path: str | Path) -> None:
    """Refuses names of files that :func:`write_weights` does not write."""
    if Path(path).suffix not in SUFFIXES:
        raise WeightsError(
            f'cannot write {path}: the name must end in '
            f'{" or ".join(SUFFIXES)}'
        )


# mmengine's schemes are patterns of the whole path
@CheckpointLoader.register_scheme(r'.*\.safetensors$', force=True)
def load_from_safetensors(filename: str, map_location: Any = None) -> dict:
    """Loader of mmengine for ``.safetensors`` files, on the CPU."""
    return dict(state_dict=read_weights(Path(filename).expanduser()))


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a ``.safetensors`` file."""
    try:
        return load_file(path)
    except SafetensorError as err:
        raise WeightsError(
            f'{path} is no safetensors file, or a part of one ({err}): '
            f'{_AGAIN}'
        ) from err


def _read_npz(path: Path) -> dict[str, Tensor]:
    """Arrays of an ``.npz`` file as tensors."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: torch.from_numpy(file[name]) for name in file.files}
    except Exception as err:  # whatever a broken zip file leads to
        raise WeightsError(
            f'{path} is no .npz file of numbers, or a part of one ({err}): '
            f'{_AGAIN}'
        ) from err


def _read_torch(path: Path) -> Any:
    """What ``torch.save`` wrote, if it is tensors and plain data."""
    try:
        with _plain_data():
            return torch.load(path, map_location='cpu', weights_only=True)
    except Exception as err:  # whatever random bytes lead to
        found = re.search(r'(?:GLOBAL|Unsupported class) (\S+)', str(err))
        if found:
            raise WeightsError(
                f'{path} holds an object of {found[1].strip(".")}, which only '
                'code in the file can make; it was not executed: ask for a '
                'file that holds tensors only'
            ) from err
        if 'TorchScript' in str(err):
            raise WeightsError(
                f'{path} is a TorchScript program: ask for its state_dict()'
            ) from err
        reason = str(err).split('. ')[0] if type(err) is RuntimeError else ''
        raise WeightsError(
            f'{path} is no checkpoint of PyTorch, or a part of one'
            f'{reason and f" ({reason})"}: {_AGAIN}'
        ) from err


def _plain_data() -> AbstractContextManager:
    """Has torch also read the options and logs that checkpoints hold.

    They are numbers and text: command lines of DINO and DeiT, logs of
    mmengine.  Before torch 2.6 such checkpoints are refused.
    """
    if digit_version(torch.__version__) < digit_version('2.6.0'):
        return nullcontext()
    numbers = [np.float32, np.float64, np.int64, np.uint32]
    allowed: list[Any] = [
        Namespace,
        HistoryBuffer,
        getattr,  # names HistoryBuffer's methods; cannot call them
        slice,
        np.ndarray,
        np.dtype,
        np.empty(0).__reduce__()[0],  # how numpy restores an array ...
        np.float64(0).__reduce__()[0],  # ... and a number
        *(type(np.dtype(number)) for number in numbers),
    ]
    return torch.serialization.safe_globals(allowed)
