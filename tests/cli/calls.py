"""Calls of the command ``cosa``, as if each were in a process of its own."""

from argparse import Namespace

from mmseg.visualization import SegLocalVisualizer

from cosa_mmseg.cli import main
from cosa_mmseg.cli.main import build_parser


def cosa(*words: object) -> int | None:
    """Run a command; return its exit code."""
    # the visualizer of the last run would go on writing to that run's folder
    SegLocalVisualizer._instance_dict.clear()
    return main([*map(str, words)])


def parse(name: str, *args: object) -> Namespace:
    """Read the command line of a command."""
    return build_parser(name)[1].parse_args([*map(str, args)])
