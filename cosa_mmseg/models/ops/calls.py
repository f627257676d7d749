"""Parts that can be replaced are called as the segmentor will call them."""

import inspect
from collections.abc import Sequence
from typing import Any


def check_call(
    name: str,
    part: Any,
    args: Sequence[str],
    keywords: Sequence[str] = (),
    method: str = 'forward',
) -> None:
    """Refuse a part that does not take the arguments that it will be given.

    Most parts are called after the warm-up only, hours after they were built.

    Args:
        name: Of the part, for the message.
        part: A module; None is nothing to check.
        args: Names of its positional arguments.
        keywords: Names of its arguments that are given by keyword.
        method: What is called.

    Raises:
        ValueError: It has no such method, or one with other arguments.
    """
    if part is None:
        return
    kind = type(part).__name__
    words = ', '.join([*args, *(f'{key}={key}' for key in keywords)])
    call = f'{kind}.{method}({words})'
    if not hasattr(part, method):
        raise ValueError(f'{name}: {call} is called, but there is none')
    try:
        inspect.signature(getattr(part, method)).bind(
            *args, **dict.fromkeys(keywords)
        )
    except TypeError as err:
        raise ValueError(f'{name}: {call} is called: {err}') from err
