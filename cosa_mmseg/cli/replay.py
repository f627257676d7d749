r"""Compute the training step again at which a run stopped.

    cosa replay work_dirs/cosa_vit-b_voc/cosa_vit-b_voc.py \
        work_dirs/cosa_vit-b_voc/non_finite_iter_8000_rank_0.dump

A run stops at a loss that is NaN or infinite and leaves such a file. This
builds the model of the run's config with the state before the step, computes
the losses of the same batch with the same random numbers, and prints them
beside those of the run; the first module that returned such numbers though it
was given finite ones; and the lines of code in it that made them. If all
losses are finite here, the gradients are looked at
(torch.autograd.detect_anomaly).

Nothing in the dump is executed, and it names nothing to be built: a dump of
somebody else is replayed with a config of your own. Of a run on several
processes the batch of one is computed.

Exit code: 0 if all is finite, 1 if not, 2 if the file cannot be used.
"""

import math
from argparse import ArgumentError, ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .options import add_device_option

if TYPE_CHECKING:
    from cosa_mmseg.engine.replay import StepDump
    from cosa_mmseg.engine.replay.step_replay import Replay

MOST_LINES = 5


def add_options(parser: ArgumentParser) -> None:
    """Add the config and the file."""
    parser.add_argument('config', help="the run's config, in its work dir")
    parser.add_argument('dump', help='the .dump file')
    add_device_option(parser)


def run(options: Namespace) -> int:
    """Compute and print; return the exit code."""
    import torch
    from mmengine.device import get_device
    from mmengine.registry import init_default_scope

    from cosa_mmseg.config.check import build_model
    from cosa_mmseg.config.command_line import read_config
    from cosa_mmseg.engine.replay import StepDump
    from cosa_mmseg.engine.replay.step_replay import replay
    from cosa_mmseg.utils.device import why_unusable

    device = options.device or get_device()
    try:
        if reason := why_unusable(device):
            raise ValueError(f'argument --device: {device}: {reason}')
        dump = StepDump.load(options.dump, device)
        cfg = read_config(options.config, None)
        init_default_scope(cfg.get('default_scope') or 'mmengine')
        result = replay(dump, build_model(cfg), torch.device(device))
    except (OSError, ValueError, ImportError) as err:
        raise ArgumentError(None, _in_one_line(str(err))) from err
    print(describe(dump, result))
    return 0 if result.is_finite else 1


def _in_one_line(text: str) -> str:
    """Return a text of the file as a terminal may have it."""
    return ''.join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def describe(dump: 'StepDump', result: 'Replay') -> str:
    """Return what came out, in lines."""
    step = f'iteration {dump.iteration + 1}, {dump.dtype}'
    if dump.world_size > 1:
        step += f', process {dump.rank} of {dump.world_size}'
    lines = [
        f'{step}, on {_in_one_line(", ".join(dump.images))}',
        '',
        f'{"loss":<20}{"in the run":>12}{"here":>12}',
    ]
    for name in sorted(dump.terms | result.terms):
        was, here = (
            terms.get(name, math.nan) for terms in (dump.terms, result.terms)
        )
        lines.append(f'{_in_one_line(name):<20}{was:>12.5g}{here:>12.5g}')
    found: dict[str, Sequence[str]] = {
        'not finite before the step': result.state,
        'begins in': [result.origin.module] if result.origin.module else [],
        'there': result.origin.operations,
        'gradient': [result.backward] if result.backward else [],
        'gradients not finite': result.gradients,
    }
    for title, items in found.items():
        lines += [f'{title}: {item}' for item in items[:MOST_LINES]]
        if len(items) > MOST_LINES:
            lines.append(f'{title}: {len(items) - MOST_LINES} more')
    if result.is_finite:
        lines.append('all losses and gradients are finite here')
    return '\n'.join(lines)
