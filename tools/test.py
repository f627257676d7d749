"""Tests (and scores) a trained model."""

import argparse
from collections.abc import Sequence

from mmengine.config import Config
from mmengine.runner import Runner

import cosa_mmseg  # noqa: F401  registers this project's parts
from cosa_mmseg.utils.command_line import (
    add_common_options,
    load_config,
    load_weights_only,
)


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses the command line (`args`: default ``sys.argv``)."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_options(parser)
    parser.add_argument('checkpoint', help='path or URL of a checkpoint')
    parser.add_argument(
        '--out', help='folder for the predicted label maps, as PNG files'
    )
    parser.add_argument(
        '--show', action='store_true', help='show the predictions in a window'
    )
    parser.add_argument(
        '--show-dir', help='folder for pictures of the predictions'
    )
    parser.add_argument(
        '--wait-time',
        type=float,
        default=2,
        help='seconds that a window stays (default: 2)',
    )
    parser.add_argument(
        '--tta',
        action='store_true',
        help='several scales and their mirrors, as `tta_cfg` of the config '
        'says',
    )
    return parser.parse_args(args)


def build_config(args: argparse.Namespace) -> Config:
    """The config with the command line's options in it."""
    cfg = load_config(args)
    cfg.load_from = args.checkpoint
    cfg.resume = False
    if args.show or args.show_dir:
        enable_pictures(cfg, args)
    if args.out:
        write_label_maps(cfg, args.out)
    if args.tta:
        enable_tta(cfg)
    return cfg


def enable_pictures(cfg: Config, args: argparse.Namespace) -> None:
    """Turns on the hook that draws the predictions.

    Raises:
        ValueError: If the config has no such hook.
    """
    hook = cfg.get('default_hooks', {}).get('visualization')
    if hook is None:
        raise ValueError(
            '--show and --show-dir need default_hooks.visualization='
            "dict(type='SegVisualizationHook') in the config"
        )
    hook.draw = True
    hook.show = args.show
    hook.wait_time = args.wait_time
    if args.show_dir:
        cfg.visualizer.save_dir = args.show_dir


def write_label_maps(cfg: Config, folder: str) -> None:
    """Has the label-free metric write its predictions.

    Raises:
        ValueError: If no ``IoUMetric`` is among the evaluators.
    """
    metrics = cfg.test_evaluator
    for metric in [metrics] if isinstance(metrics, dict) else metrics:
        if metric.type.split('.')[-1] == 'IoUMetric':
            metric.output_dir = folder
            return
    raise ValueError(
        "--out needs dict(type='IoUMetric') in the config's test_evaluator: "
        'it is what writes the label maps'
    )


def enable_tta(cfg: Config) -> None:
    """Hands the scales and the mirror to the segmentor, which applies them.

    Raises:
        ValueError: If the config does not say what to do.
    """
    if 'tta_cfg' not in cfg:
        raise ValueError(
            '--tta needs tta_cfg in the config, e.g. '
            'tta_cfg = dict(scales=[1.0, 0.5, 1.5], mirror=True)'
        )
    cfg.merge_from_dict({'model': {'test_cfg': cfg.tta_cfg}})


def main(args: Sequence[str] | None = None) -> None:
    """Runs the test that the command line asks for."""
    load_weights_only()
    Runner.from_cfg(build_config(parse_args(args))).test()


if __name__ == '__main__':
    main()
