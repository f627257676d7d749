"""Compare the optimiser of a checkpoint with that of a config."""

from collections.abc import Mapping, Sequence

# What changes from step to step, or follows from the device; rates are the
# schedule's
_NOT_COMPARED = {
    'params',
    'lr',
    'lr_mult',
    'initial_lr',
    'fused',
    'last_step',
    '_global_step',
    '_last_value',
}


def find_optimizer_misfit(
    groups: Sequence[Mapping], saved: Sequence[Mapping]
) -> str | None:
    """Return why an optimiser cannot go on from a saved one, if so.

    Args:
        groups: Parameter groups of the optimiser.
        saved: Those of the checkpoint.

    Returns:
        str | None: A clause for a message; None: it can.
    """
    sizes, saved_sizes = (
        [len(group['params']) for group in some] for some in (groups, saved)
    )
    if sizes != saved_sizes:
        return (
            f'it trained groups of {_list(saved_sizes)} parameters, and not '
            f'of {_list(sizes)}'
        )
    for group, other in zip(groups, saved, strict=True):
        only, missing = other.keys() - group, group.keys() - other
        if only and missing:  # versions of torch differ in one of them
            return (
                f'its settings are {_list(sorted(only))}, and not '
                f'{_list(sorted(missing))}'
            )
    return None


def overridden_settings(
    own: Sequence[Mapping], saved: Sequence[Mapping]
) -> list[str]:
    """Return the settings in which the checkpoint overrides the config.

    Args:
        own: Of each parameter group, or of each schedule.
        saved: Those of the checkpoint.

    Returns:
        list[str]: Such as ``'weight_decay=0.01 (the config: 0.5)'``, each
        once.
    """
    found: dict[str, None] = {}  # each once, in their order
    for settings, others in zip(own, saved, strict=False):
        for name in sorted(settings.keys() & others.keys() - _NOT_COMPARED):
            here, there = (
                tuple(value) if isinstance(value, list) else value
                for value in (settings[name], others[name])
            )
            if here != there:
                found[f'{name}={there!r} (the config: {here!r})'] = None
    return [*found]


def _list(items: Sequence) -> str:
    return ', '.join(map(str, items))
