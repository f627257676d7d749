"""What mmengine does more often than it must before a training starts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

from mmengine.model import base_module, weight_init


@contextmanager
def _replaced(module: ModuleType, name: str, value: Callable) -> Iterator:
    """Have a function of a module replaced within the block."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


@contextmanager
def formatted_once() -> Iterator[None]:
    """Format the text of a config once within the block.

    A runner does so for the log and for each file, which takes seconds.
    """
    from yapf.yapflib import yapf_api  # a third of a second

    format_code, known = yapf_api.FormatCode, {}

    def once(text: str, **style: object) -> tuple:
        """Format a text, or return what it was formatted to."""
        if text not in known:
            known[text] = format_code(text, **style)
        return known[text]

    with _replaced(yapf_api, 'FormatCode', once):
        yield


@contextmanager
def unrecorded_init() -> Iterator[None]:
    """Keep no record of what initialised a parameter within the block.

    For the record, means of all parameters are taken again and again: half of
    the time of the initialisation of a ViT-B.
    """

    def nothing(*args: object, **kwargs: object) -> None:
        """Take the place of mmengine's record."""

    with (
        _replaced(base_module, 'update_init_info', nothing),
        _replaced(weight_init, 'update_init_info', nothing),
    ):
        yield
