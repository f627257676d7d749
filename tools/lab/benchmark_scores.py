r"""What the scores of a test take beside the network.

    python -m tools.lab.benchmark_scores --size 224 224

predicts and scores 16 random images with the trained network that the project
ships, as `cosa test` does, post-processing left out, and prints the CPU time
of each part as a multiple of the bare forward pass of one image.
"""

import argparse
from collections.abc import Sequence

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser
from tools.lab.benchmark.scores import measure


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(description=__doc__)
    for option, default, text in (
        ('--size', (224, 224), 'size of the images'),
        ('--ori-size', (375, 500), 'size of their masks'),
    ):
        parser.add_argument(
            option, nargs=2, type=int, default=default, help=text
        )
    return parser.parse_args(args)


@exit_codes(OSError, ValueError)
def main(args: Sequence[str] | None = None) -> None:
    """Measure and print, or say in one sentence why not."""
    options = parse_args(args)
    found = measure(options.size, options.ori_size)
    bare = found['forward pass']
    total = sum(found.values()) - bare  # the prediction has a forward pass
    for name, seconds in (*found.items(), ('all', total)):
        print(f'{name:24}{1e3 * seconds:8.1f} ms{seconds / bare:8.2f}')


if __name__ == '__main__':
    main()
