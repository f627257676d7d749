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
    except SystemExit:
        raise
    except BaseException as err:
        if _is_interrupt(err):
            hint = f': {goes_on}' if goes_on else ''
            print(f'interrupted{hint}', file=sys.stderr)
            # Ctrl+C in such a call has `python -m` end by a signal
            exec('')
            raise SystemExit(130) from None
        if isinstance(err, errors):
            said = getattr(err, 'sentence', err)
            if isinstance(err, OSError) and err.errno and err.filename:
                said = f'{err.filename} cannot be used: {err.strerror}'
            raise SystemExit(f'error: {said}') from err
        raise


def _is_interrupt(err: BaseException | None) -> bool:
    """Return whether Ctrl+C led to an error, in whose place it may be.

    mmengine and others have an ``except`` for all, and raise another.
    """
    while err is not None and not isinstance(err, KeyboardInterrupt):
        err = err.__context__
    return err is not None
