"""Find where in a forward pass numbers stop being finite."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from .tensors import is_finite

_NOT_SHOWN = (str(Path(torch.__file__).parent), str(Path(__file__).parent))


@dataclass
class Origin:
    """The place where numbers that are not finite begin.

    Attributes:
        module: Name and class of the first module to return numbers that are
            not finite, though it was given finite ones; None: there is none.
        operations: The operations inside of it that did so, in their order,
            each with the line of code that called it.
    """

    module: str | None = None
    operations: list[str] = field(default_factory=list)


@contextmanager
def trace_origin(model: nn.Module) -> Iterator[Origin]:
    """Look for the origin in this block.

    Operations that are not finite by intent, such as the -inf of an absent
    class, do not count unless what their module returns is not finite.

    Args:
        model (nn.Module): Not compiled; called in the block.

    Yields:
        Origin: Filled in until the end of the block.
    """
    trace = _Trace(model)
    handles = [
        handle
        for module in model.modules()
        for handle in (
            module.register_forward_pre_hook(trace.enter, with_kwargs=True),
            module.register_forward_hook(trace.leave, with_kwargs=True),
        )
    ]
    try:
        with trace:
            yield trace.origin
    finally:
        for handle in handles:
            handle.remove()


class _Trace(TorchDispatchMode):
    """Follows calls of modules, and the operations in them.

    Args:
        model (nn.Module): With the modules.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.origin = Origin()
        self._names = {module: name for name, module in model.named_modules()}
        # operations that make other numbers of finite ones
        self._found: list[str] = []
        # of calls that have not returned: whether the arguments are finite,
        # and how many operations were found before
        self._stack: list[tuple[bool, int]] = []

    def enter(self, module: nn.Module, args: tuple, kwargs: dict) -> None:
        """Note a call that begins."""
        self._stack.append((is_finite([args, kwargs]), len(self._found)))

    def leave(
        self, module: nn.Module, args: tuple, kwargs: dict, out: Any
    ) -> None:
        """Judge a call that ends: of those at fault the innermost is first."""
        finite, before = self._stack.pop()
        if self.origin.module is None and finite and not is_finite(out):
            name, kind = self._names[module], type(module).__name__
            self.origin.module = f'{name} ({kind})' if name else kind
            self.origin.operations = self._found[before:]

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        # what is only allocated holds anything
        is_made = 'empty' not in func.overloadpacket.__name__
        if is_made and not is_finite(out) and is_finite([args, kwargs]):
            self._found.append(f'{func} at {_line_of_code()}')
        return out


def _line_of_code() -> str:
    """Return the innermost line that is not torch's."""
    lines = reversed(traceback.extract_stack())
    frame = next(x for x in lines if not x.filename.startswith(_NOT_SHOWN))
    return f'{frame.filename}:{frame.lineno} in {frame.name}: {frame.line}'


def outer_lines(trace: str) -> list[str]:
    """Return the lines of code in a printed traceback that are not torch's.

    Args:
        trace (str): With lines ``File "...", line 1, in f`` and code.
    """
    found = re.findall(r'File "(.+)", line (\d+), in (.+)\n *(.+)', trace)
    return [
        f'at {path}:{number} in {name}: {line}'
        for path, number, name, line in found
        if not path.startswith(_NOT_SHOWN)
    ]
