"""Files of weights, written whole or not at all."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.weights import WeightsError

SUFFIXES = ('.pth', '.safetensors')  # that can be written


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
