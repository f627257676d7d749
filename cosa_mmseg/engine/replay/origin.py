"""Where in a forward pass numbers stop being finite."""

import linecache
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from .plain import tensors_in

_NOT_SHOWN = (str(Path(torch.__file__).parent), str(Path(__file__).parent))


@dataclass
class Origin:
    """What the watch of a forward pass found.

    Attributes:
        module: Name and class of the first module to return numbers that are
            not finite, though it was given finite ones; None: there is none.
        operations: The operations inside of it that did so, in their order,
            each with the line of code that called it.
    """

    module: str | None = None
    operations: list[str] = field(default_factory=list)


def is_finite(value: Any) -> bool:
    """Whether all floating-point numbers in a nest of tensors are.

    Args:
        value (Any): As of :func:`tensors_in`.
    """
    return all(
        bool(tensor.isfinite().all())
        for tensor in tensors_in(value)
        if tensor.is_floating_point()
    )


@contextmanager
def watch_origin(model: nn.Module) -> Iterator[Origin]:
    """Look for the origin in this block.

    Operations that are not finite by intent, such as the -inf of an absent
    class, do not count unless what their module returns is not finite.

    Args:
        model (nn.Module): Not compiled; called in the block.

    Yields:
        Origin: Filled in until the end of the block.
    """
    operations = _Operations()
    calls = _Calls(model, operations)
    handles = [
        handle
        for module in model.modules()
        for handle in (
            module.register_forward_pre_hook(calls.enter, with_kwargs=True),
            module.register_forward_hook(calls.leave, with_kwargs=True),
        )
    ]
    try:
        with operations:
            yield calls.origin
    finally:
        for handle in handles:
            handle.remove()


class _Calls:
    """Follows the calls of modules to the first whose output is not finite.

    Args:
        model (nn.Module): With the modules.
        operations (_Operations): What they do, in the meantime.
    """

    def __init__(self, model: nn.Module, operations: '_Operations') -> None:
        self.origin = Origin()
        self._operations = operations
        self._names = {module: name for name, module in model.named_modules()}
        # of calls that have not returned: whether the arguments are finite,
        # and how many operations were seen before
        self._stack: list[tuple[bool, int]] = []

    def enter(self, module: nn.Module, args: tuple, kwargs: dict) -> None:
        """A call begins."""
        with self._operations.paused():
            finite = is_finite([args, kwargs])
        self._stack.append((finite, len(self._operations.found)))

    def leave(
        self, module: nn.Module, args: tuple, kwargs: dict, out: Any
    ) -> None:
        """It ends; the innermost of those at fault ends first."""
        finite, before = self._stack.pop()
        with self._operations.paused():
            begins = finite and not is_finite(out)
        if begins and self.origin.module is None:
            name, kind = self._names[module], type(module).__name__
            self.origin.module = f'{name} ({kind})' if name else kind
            self.origin.operations = self._operations.found[before:]


class _Operations(TorchDispatchMode):
    """Lists operations that make other numbers of finite ones."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._paused = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Look away in this block."""
        self._paused = True
        try:
            yield
        finally:
            self._paused = False

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        # what is only allocated holds anything
        if self._paused or 'empty' in func.overloadpacket.__name__:
            return out
        with self.paused():
            if not is_finite(out) and is_finite([args, kwargs or {}]):
                self.found.append(f'{func} at {_line_of_code()}')
        return out


def _line_of_code() -> str:
    """The innermost line that is not torch's."""
    frame: Any = sys._getframe()
    while frame.f_code.co_filename.startswith(_NOT_SHOWN):
        frame = frame.f_back
    path, number = frame.f_code.co_filename, frame.f_lineno
    line = linecache.getline(path, number).strip()
    return f'{path}:{number} in {frame.f_code.co_name}: {line}'


def outer_lines(trace: str) -> list[str]:
    """Lines of code in a printed traceback that are not torch's.

    Args:
        trace (str): With lines ``File "...", line 1, in f`` and code.
    """
    found = re.findall(r'File "(.+)", line (\d+), in (.+)\n *(.+)', trace)
    return [
        f'at {path}:{number} in {name}: {line}'
        for path, number, name, line in found
        if not path.startswith(_NOT_SHOWN)
    ]


def not_finite(tensors: dict[str, Tensor]) -> list[str]:
    """Names of those that are not finite.

    Args:
        tensors (dict[str, Tensor]): By name.
    """
    return [name for name, tensor in tensors.items() if not is_finite(tensor)]
