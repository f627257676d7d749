r"""Compute the training step again at which a run stopped.

    python tools/analysis_tools/replay_step.py \
        work_dirs/cosa_vit-b_voc/cosa_vit-b_voc.py \
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

Exit code: 0 if all is finite, 1 if not, 2 if the file can not be used.
"""

import argparse
import math
import sys
from collections.abc import Sequence

import cosa_mmseg  # noqa: F401  before torch: see utils/threads.py

# isort: split
import torch
from mmengine.device import get_device
from mmengine.registry import init_default_scope

from cosa_mmseg.config.check import build_model
from cosa_mmseg.config.command_line import read_config
from cosa_mmseg.engine.replay import StepDump
from cosa_mmseg.engine.replay.step_replay import (
    Replay,
    replay,
)
from cosa_mmseg.utils.device import why_unusable
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser

MOST_LINES = 5


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = CommandParser(
        description=__doc__,
    )
    parser.add_argument('config', help="the run's config, in its work dir")
    parser.add_argument('dump', help='the .dump file')
    parser.add_argument(
        '--device',
        type=_device,
        default=get_device(),
        help='where to compute, such as cpu or cuda (default: %(default)s)',
    )
    return parser


def _device(name: str) -> torch.device:
    """A device that can be computed on."""
    if reason := why_unusable(name):
        raise argparse.ArgumentTypeError(f'{name}: {reason}')
    return torch.device(name)


def _shown(text: str) -> str:
    """A text of the file in one line, as a terminal may have it."""
    return ''.join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def report(dump: StepDump, result: Replay) -> str:
    """What came out, in lines."""
    run = f'iteration {dump.iteration + 1}, {dump.dtype}'
    if dump.world_size > 1:
        run += f', process {dump.rank} of {dump.world_size}'
    lines = [
        f'{run}, on {_shown(", ".join(dump.images))}',
        '',
        f'{"loss":<20}{"in the run":>12}{"here":>12}',
    ]
    for name in sorted(dump.terms | result.terms):
        was, here = (
            terms.get(name, math.nan) for terms in (dump.terms, result.terms)
        )
        lines.append(f'{_shown(name):<20}{was:>12.5g}{here:>12.5g}')
    found = {
        'not finite before the step': result.state,
        'begins in': [result.origin.module] * bool(result.origin.module),
        'there': result.origin.operations,
        'gradient': [result.backward] * bool(result.backward),
        'gradients not finite': result.gradients,
    }
    for title, items in found.items():
        lines += [f'{title}: {item}' for item in items[:MOST_LINES]]
        if len(items) > MOST_LINES:
            lines.append(f'{title}: {len(items) - MOST_LINES} more')
    if result.is_finite:
        lines.append('all losses and gradients are finite here')
    return '\n'.join(lines)


@exit_codes()
def main(args: Sequence[str] | None = None) -> int:
    """Compute and print; returns the exit code."""
    parser = build_parser()
    options = parser.parse_args(args)
    try:
        dump = StepDump.load(options.dump)
        cfg = read_config(options.config, None)
        init_default_scope(cfg.get('default_scope') or 'mmengine')
        result = replay(dump, build_model(cfg), options.device)
    except (OSError, ValueError, ImportError) as err:
        parser.error(_shown(str(err)))
    print(report(dump, result))
    return 0 if result.is_finite else 1


if __name__ == '__main__':
    sys.exit(main())
