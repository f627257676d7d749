r"""Score the CAMs of a trained model at each of a range of thresholds.

    python tools/analysis_tools/eval_cam.py cosa_vit-b_voc.py \
        work_dirs/cosa_vit-b_voc/iter_32000.pth --out work_dirs/cam_voc

prints the mIoU of the main and the auxiliary CAM at threshold .5 and at the
best one, with the classes that the model predicts and with the true ones, and
writes cam_sweep.csv (all thresholds, with the IoU of each class) and
cam_sweep.png (a plot). The best threshold is found on the masks that it is
scored on: it describes the CAMs and is no result. For another split:

    --cfg-options \
        test_dataloader.dataset.ann_file=ImageSets/Segmentation/train.txt
"""

import argparse
from collections.abc import Sequence

import cosa_mmseg  # noqa: F401  before torch: see utils/threads.py

# isort: split
from mmengine.config import Config
from mmengine.dist import is_main_process

from cosa_mmseg.config.check import check_test
from cosa_mmseg.config.command_line import load_config
from cosa_mmseg.config.options import add_common_options, add_tta_option
from cosa_mmseg.engine.evaluation_runner import EvaluationRunner
from cosa_mmseg.evaluation.cam_evaluation import (
    cam_summary,
    evaluate_cams_only,
    threshold_summary,
)
from cosa_mmseg.evaluation.tta import enable_tta
from cosa_mmseg.utils.config_errors import naming_the_key
from cosa_mmseg.utils.distributed import connect_cpu_processes
from cosa_mmseg.utils.exits import exit_codes
from cosa_mmseg.utils.paths import CommandParser


def parse_args(args: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line (`args`: default ``sys.argv``)."""
    parser = CommandParser(
        description=__doc__,
    )
    add_common_options(parser)
    parser.add_argument('checkpoint', help='path or URL of a checkpoint')
    parser.add_argument(
        '--out', required=True, metavar='DIR', help='folder to write to'
    )
    parser.add_argument(
        '--network',
        choices=('assignment', 'online', 'both'),
        help='whose CAMs (default: what the config says)',
    )
    add_tta_option(parser)
    return parser.parse_args(args)


def build_config(args: argparse.Namespace) -> Config:
    """The config with the command line's options in it."""
    cfg = load_config(args)
    cfg.load_from = args.checkpoint
    cfg.resume = False
    if args.network:
        cfg.merge_from_dict({'model.test_cfg.network': args.network})
    if args.tta:
        enable_tta(cfg)
    evaluate_cams_only(cfg, args.out)
    return cfg


@exit_codes(OSError, ValueError)
def main(args: Sequence[str] | None = None) -> None:
    """Score the CAMs, or say in one sentence why not."""
    options = parse_args(args)
    cfg = build_config(options)
    connect_cpu_processes(cfg)
    with naming_the_key(cfg):
        runner = EvaluationRunner.from_cfg(cfg)
    check_test(runner, cfg)
    scores = runner.test()
    if is_main_process():
        print(cam_summary(scores))
        if sentence := threshold_summary(runner.model):
            print(sentence)
        print(f'cam_sweep.csv and cam_sweep.png are in {options.out}')


if __name__ == '__main__':
    main()
