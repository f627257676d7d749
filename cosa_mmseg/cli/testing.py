"""Run the tests of ``cosa test`` and ``cosa eval-cam``."""

import argparse
from typing import Any

from mmengine.config import Config
from mmengine.dist import is_main_process

from cosa_mmseg.config.check import check_test
from cosa_mmseg.config.command_line import load_config
from cosa_mmseg.datasets import BadFileError
from cosa_mmseg.engine.evaluation_runner import EvaluationRunner
from cosa_mmseg.evaluation.cam_evaluation import (
    cam_summary,
    evaluate_cams_only,
    threshold_summary,
)
from cosa_mmseg.evaluation.submission import format_for
from cosa_mmseg.evaluation.submission_files import SubmissionError
from cosa_mmseg.evaluation.tta import enable_tta
from cosa_mmseg.utils.config_errors import naming_the_key
from cosa_mmseg.utils.distributed import connect_cpu_processes
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.pipelines import without_masks
from cosa_mmseg.utils.weights import WeightsError


def load_test_config(args: argparse.Namespace) -> Config:
    """Return the config with the checkpoint, and with ``--tta``, in it."""
    cfg = load_config(args)
    cfg.load_from = args.checkpoint
    cfg.resume = False
    if args.tta:
        enable_tta(cfg)
    return cfg


def build_config(args: argparse.Namespace) -> Config:
    """Return the config with the options of ``cosa test`` in it."""
    cfg = load_test_config(args)
    if args.show or args.show_dir:
        enable_pictures(cfg, args)
    if args.format_only:
        enable_packing(cfg, args)
    elif args.format:
        raise ValueError('--format is for --format-only')
    elif args.out:
        write_label_maps(cfg, args.out)
    return cfg


def build_cam_config(args: argparse.Namespace) -> Config:
    """Return the config with the options of ``cosa eval-cam`` in it."""
    cfg = load_test_config(args)
    if args.network:
        cfg.merge_from_dict({'model.test_cfg.network': args.network})
    evaluate_cams_only(cfg, args.out, not args.without_masks)
    return cfg


def enable_pictures(cfg: Config, args: argparse.Namespace) -> None:
    """Turn on the hook that draws the predictions.

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
    """Have the predictions written besides."""
    found = cfg.get('test_evaluator') or []
    metrics: list[Any] = [found] if isinstance(found, dict) else [*found]
    scores = [m for m in metrics if m['type'] != 'SubmissionFormatter']
    cfg.test_evaluator = [
        *scores,
        dict(type='SubmissionFormatter', out_dir=folder),
    ]


def enable_packing(cfg: Config, args: argparse.Namespace) -> None:
    """Have the predictions packed in the place of scored, without masks.

    Raises:
        ValueError: If it is not said where to write.
    """
    if not args.out:
        raise ValueError('--format-only needs --out, the folder to write to')
    dataset = cfg.test_dataloader.dataset
    cfg.test_evaluator = dict(
        type='SubmissionFormatter',
        out_dir=args.out,
        file_format=args.format or format_for(dataset),
    )
    dataset.pipeline = without_masks(dataset.pipeline)


def build_runner(cfg: Config) -> EvaluationRunner:
    """Build what runs a test, and see that the test can be."""
    connect_cpu_processes(cfg)
    with naming_the_key(cfg):
        runner = EvaluationRunner.from_cfg(cfg)
    check_test(runner, cfg)
    return runner


@exit_codes(BadFileError, OSError, SubmissionError, WeightsError)
def run(options: argparse.Namespace) -> None:
    """Run the test that the options of ``cosa test`` ask for."""
    with exit_codes(ValueError):
        runner = build_runner(build_config(options))
    runner.test()


def score_cams(options: argparse.Namespace) -> None:
    """Score the CAMs, as the options of ``cosa eval-cam`` say."""
    runner = build_runner(build_cam_config(options))
    scores = runner.test()
    if is_main_process():
        print(cam_summary(scores))
        if sentence := threshold_summary(runner.model):
            print(sentence)
        if not options.without_masks:
            print(f'cam_sweep.csv and cam_sweep.png are in {options.out}')
