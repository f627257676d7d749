r"""Trains every backbone with every decode head for a few steps.

    python -m tools.lab.mixing --jobs 2 \
        --out docs/mixing_matrix.md
    python -m tools.lab.mixing --backbones swin-t resnet50 \
        --heads largefov upernet

Backbones are those of configs/cosa/backbones, ViT-B and SmallResNet; heads
those of configs/cosa/heads and LargeFOV. Each pair is trained on one batch of
the shapes set in a process of its own. What is finished is not run again when
the same command is called once more; a pair that failed is.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.datasets.shapes.shapes import write_shapes
from cosa_mmseg.utils.atomic import atomic_file
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser
from tools.lab.mixing import (
    Cell,
    Conditions,
    backbone_configs,
    document,
    head_configs,
    run_cells,
    select,
)
from tools.lab.mixing.matrix import read_result


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    defaults = Conditions()
    parser = CommandParser(
        description=__doc__,
    )
    for kind, known in (
        ('backbones', backbone_configs()),
        ('heads', head_configs()),
    ):
        parser.add_argument(
            f'--{kind}',
            nargs='+',
            metavar='NAME',
            help=f'run these alone; the table has all: {" ".join(known)}',
        )
    for name, text in (
        ('crop', 'side of the images in pixels'),
        ('batch-size', 'images of the batch'),
        ('iters', 'steps'),
    ):
        default = getattr(defaults, name.replace('-', '_'))
        parser.add_argument(
            f'--{name}',
            type=int,
            default=default,
            help=f'{text} (default: {default})',
        )
    parser.add_argument(
        '--jobs',
        type=int,
        default=1,
        help='pairs at a time, which share the cores (default: 1)',
    )
    parser.add_argument(
        '--data-root',
        default=defaults.data_root,
        help='folder of the shapes set, made if it is missing '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/mixing'),
        help='folder of the results and logs (default: %(default)s)',
    )
    parser.add_argument(
        '--out',
        type=Path,
        help='Markdown file; beside it the same as .json (default: print the '
        'table)',
    )
    return parser


def build_cells(options: argparse.Namespace) -> dict[tuple[str, str], Cell]:
    """All cells of the matrix, by the names of backbone and head."""
    conditions = Conditions(
        options.crop, options.batch_size, options.iters, options.data_root
    )
    return {
        (backbone, head): Cell(
            backbone, head, str(config), str(head_config), conditions
        )
        for backbone, config in backbone_configs().items()
        for head, head_config in head_configs().items()
    }


def run(options: argparse.Namespace, cells: dict) -> None:
    """Run the cells that are asked for."""
    backbones = select('backbone', options.backbones, backbone_configs())
    heads = select('head', options.heads, head_configs())
    if options.jobs < 1:
        raise ValueError(f'--jobs must be at least 1, is {options.jobs}')
    write_shapes(options.data_root)
    run_cells(
        [cells[backbone, head] for backbone in backbones for head in heads],
        options.work_dir,
        options.jobs,
        # in one piece: it comes from threads
        lambda line: print(f'{line}\n', end='', flush=True),
    )


def tabulate(options: argparse.Namespace, cells: dict) -> dict:
    """Write or print what was run; returns it."""
    results = {
        names: result
        for names, cell in cells.items()
        if (result := read_result(cell, options.work_dir))
    }
    words = ['python', '-m', 'tools.lab.mixing']
    for name in ('crop', 'batch-size', 'iters'):
        words += [f'--{name}', str(getattr(options, name.replace('-', '_')))]
    text = document(
        list(backbone_configs()),
        list(head_configs()),
        results,
        next(iter(cells.values())).conditions,
        shlex.join(words),
    )
    if options.out is None:
        print(text)
        return results
    rows = [
        dict(backbone=backbone, head=head, **result)
        for (backbone, head), result in results.items()
    ]
    for path, content in (
        (options.out, text),
        (options.out.with_suffix('.json'), json.dumps(rows, indent=1) + '\n'),
    ):
        with atomic_file(path) as unfinished:
            unfinished.write_text(content)
        print(f'wrote {path}')
    return results


@exit_codes(goes_on='the same command goes on')
def main(args: Sequence[str] | None = None) -> int:
    """Run and tabulate; returns the exit code, 1 if a pair failed."""
    parser = build_parser()
    options = parser.parse_args(args)
    try:
        cells = build_cells(options)
        run(options, cells)
        results = tabulate(options, cells)
    except (OSError, ValueError) as err:
        parser.error(str(err))
    return int(any('error' in result for result in results.values()))


if __name__ == '__main__':
    sys.exit(main())
