"""The classes of a checkpoint, and those that it is used with."""

from collections.abc import Mapping, Sequence
from reprlib import repr as shortened
from typing import Any

# how a clause ends that is about the same names
OTHER_ORDER = ': the same classes in another order'


def classes_of(checkpoint: Mapping[str, Any]) -> list[str]:
    """Return the names that a checkpoint gives its classes.

    Args:
        checkpoint: As a training saves it, or a published one.

    Returns:
        list[str]: Background first; empty where they are not known.
    """
    value: Any = checkpoint
    for key in ('meta', 'dataset_meta', 'classes'):
        value = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(value, list | tuple):
        return []
    return [*value] if all(isinstance(name, str) for name in value) else []


def find_other_classes(
    theirs: Sequence[str], ours: Sequence[str] | None
) -> str | None:
    """Return how a checkpoint's classes differ from those it is used with.

    The same names in another order differ: weights know classes by number.

    Args:
        theirs: Those of the checkpoint.
        ours: Those of the data; background first in both.

    Returns:
        str | None: A clause; None if they are equal, or one is not known.
    """
    theirs, ours = [*theirs], [*(ours or ())]
    if not theirs or not ours or theirs == ours:
        return None
    if len(theirs) != len(ours):
        return f'it has {len(theirs)} classes, and not {len(ours)}'
    different = [
        f'{number} is {shortened(theirs[number])}, not {shortened(name)}'
        for number, name in enumerate(ours)
        if theirs[number] != name
    ]
    shown = ' and '.join(different[:2])
    more = f' (and {len(different) - 2} more)' if different[2:] else ''
    same = sorted(theirs) == sorted(ours)
    return f'its class {shown}{more}{OTHER_ORDER if same else ""}'
