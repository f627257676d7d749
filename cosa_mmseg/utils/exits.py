"""How commands end: their exit codes and last lines."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def exit_codes(*errors: type[Exception], goes_on: str = '') -> Iterator[None]:
    """End with a sentence and an exit code, not with a traceback.

    It decorates the ``main`` of a command, or is a block in it.

    Args:
        *errors: What input can lead to. Others are faults of the program and
            keep their traceback.
        goes_on: What to do after Ctrl+C to have the rest.

    Raises:
        SystemExit: With 1 after one of the errors, with 130 after Ctrl+C.
    """
    try:
        yield
    except errors as err:
        raise SystemExit(f'error: {getattr(err, "sentence", err)}') from err
    except KeyboardInterrupt:
        hint = f': {goes_on}' if goes_on else ''
        print(f'interrupted{hint}', file=sys.stderr)
        raise SystemExit(130) from None
