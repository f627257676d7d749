"""From the times of steps to figures."""

from collections.abc import Sequence
from statistics import median, mode

from .recorder import (
    OTHER,
    StepTimes,
)


def summarise(
    seconds: Sequence[float], unit: float, whole: float | None = None
) -> dict:
    """Figures of one time that was taken in each step.

    Args:
        seconds: In each step.
        unit: Seconds of a unit.
        whole: Sum of the steps' seconds, if it is a share of them.

    Returns:
        dict: ``median``, ``min``, ``max`` and the list of ``seconds``; the
        median in ``units``; the ``share`` of the whole, in [0, 1].
    """
    found = dict(
        median=median(seconds),
        min=min(seconds),
        max=max(seconds),
        units=median(seconds) / unit,
        seconds=list(seconds),
    )
    if whole is not None:
        found['share'] = sum(seconds) / whole
    return found


def summarise_steps(
    steps: Sequence[StepTimes], order: Sequence[str], unit: float
) -> dict:
    """Figures of the parts of steps.

    Shares are those of the sums over all steps, so that those of the parts
    sum to 1; medians of parts need not sum to the median of the step.

    Args:
        steps: At least one.
        order: Names of parts in the order in which to give them; those that
            did not run are left out, those that it lacks come last.
        unit: Seconds of a unit.

    Returns:
        dict: ``parts``, a list of dicts with ``part``, ``calls`` in a step
        and those of :func:`summarise`; ``groups``, the same of the parts of
        each group together; ``total``, of the steps.
    """
    ran = {part for step in steps for part in step.seconds}
    names = [part for part in (*order, OTHER) if part in ran]
    names += sorted(ran - set(names))
    totals = [step.total for step in steps]
    whole = sum(totals)

    def figures(parts: Sequence[str]) -> dict:
        seconds = [
            sum(step.seconds.get(p, 0.0) for p in parts) for step in steps
        ]
        return summarise(seconds, unit, whole)

    groups = dict.fromkeys(n.split('/')[0] for n in names if '/' in n)
    return dict(
        parts=[
            dict(
                part=name,
                calls=mode(step.calls[name] for step in steps),
                **figures([name]),
            )
            for name in names
        ],
        groups=[
            dict(
                group=group,
                **figures([n for n in names if n.startswith(f'{group}/')]),
            )
            for group in groups
        ],
        total=summarise(totals, unit, whole),
    )
