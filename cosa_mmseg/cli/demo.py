"""Train CoSA on a small made data set, score it, and draw what it learned.

    cosa demo

The data sets are made once, in ``data``, and so is the pretrained backbone, in
``pretrained``; everything else is written to ``work_dirs/demo``. Runs on a
CPU.
"""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .options import add_cfg_options, add_trust_option

if TYPE_CHECKING:
    from mmengine.config import Config
    from mmengine.runner import Runner

ROWS = (
    ('mIoU', 'mIoU', 'label-free, assignment network, last iteration'),
    (
        'mIoU_label_filtered',
        'mIoU_label_filtered',
        'the same, told the true image-level labels',
    ),
    ('CAM mIoU', 'cam_mIoU_best', 'main CAM, predicted labels, best of sweep'),
    (
        'CAM mIoU, filtered',
        'cam_mIoU_label_filtered_best',
        'main CAM, true labels, best of sweep',
    ),
)


def add_options(parser: ArgumentParser) -> None:
    """Add the config, the data and the work dir."""
    for option, default, text in (
        ('--config', 'cosa/cosa_shapes.py', 'what is trained'),
        ('--data-root', 'data/shapes', 'folder of the data set, made if new'),
        ('--work-dir', 'work_dirs/demo', 'folder to write to'),
    ):
        parser.add_argument(
            option, default=default, help=f'{text} (default: {default})'
        )
    add_cfg_options(parser)
    add_trust_option(parser)


def load_config(options: Namespace) -> 'Config':
    """Return the demo's config, on the demo's data."""
    from cosa_mmseg.config.command_line import read_config

    data = {
        f'{split}_dataloader.dataset.data_root': options.data_root
        for split in ('train', 'val', 'test')
    }
    cfg_options = {**data, **(options.cfg_options or {})}
    return read_config(options.config, cfg_options, options.work_dir)


def pretrain(checkpoint: Path) -> None:
    """Make the backbone that the demo starts from, unless it is there."""
    if checkpoint.is_file():
        return
    from cosa_mmseg.config.command_line import read_config
    from cosa_mmseg.datasets.shapes.shapes import write_shapes
    from cosa_mmseg.engine.safe_runner import SafeRunner

    cfg = read_config('pretrain/small_resnet_shapes.py', None)
    write_shapes(
        cfg.data_root, num_train=4000, num_eval=0, vocabulary='pretrain'
    )
    SafeRunner.from_cfg(cfg).train()


def choose(labels: list[list[int]], num: int) -> list[int]:
    """Return images to show: the first of each class, then others."""
    firsts: dict[int, int] = {}
    for index, label in enumerate(labels):
        for class_id in label:
            firsts.setdefault(class_id, index)
    chosen = list(dict.fromkeys([*firsts.values(), *range(len(labels))]))
    return sorted(chosen[:num])


def draw(runner: 'Runner', path: Path, num: int = 8) -> None:
    """Write a gallery of images of the test set, of every class."""
    from cosa_mmseg.visualization import observe, save_gallery

    dataset = runner.test_dataloader.dataset
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    indices = choose([info['gt_label'] for info in infos], num)
    meta = dataset.metainfo
    rows = [observe(runner.model, dataset[index]) for index in indices]
    save_gallery(path, rows, meta['classes'], meta['palette'])


def print_table(scores: dict[str, float], seconds: dict[str, float]) -> None:
    """Print the scores and times that a reader wants to see first."""
    print()
    for title, key, meaning in ROWS:
        print(f'{title:<20} {scores[key]:6.2f}   {meaning}')
    spent = ', '.join(f'{name} {time:.0f} s' for name, time in seconds.items())
    print(f'{"time":<20} {sum(seconds.values()):6.0f} s ({spent})')
    print()


def run(options: Namespace) -> None:
    """Make the data, train, score and draw."""
    from cosa_mmseg.config.check import check_config
    from cosa_mmseg.datasets.shapes.shapes import write_shapes
    from cosa_mmseg.engine.safe_runner import SafeRunner
    from cosa_mmseg.utils.lock import locked

    cfg = load_config(options)
    seconds: dict[str, float] = {}

    def timed(name: str, call: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = call()
        seconds[name] = time.perf_counter() - start
        return result

    pretrained = cfg.model.network.backbone.init_cfg
    if pretrained:
        timed('pretraining', lambda: pretrain(Path(pretrained.checkpoint)))
    timed('data', lambda: write_shapes(options.data_root))
    check_config(cfg)
    with locked(cfg.work_dir):
        runner = SafeRunner.from_cfg(cfg)
        timed('training', runner.train)
    scores = timed('evaluation', runner.test)
    gallery = Path(cfg.work_dir) / 'gallery.png'
    timed('pictures', lambda: draw(runner, gallery))
    print_table(scores, seconds)
    print(f'pictures:   {gallery}')
    print(f'report:     {Path(cfg.work_dir) / "report.html"}')
    print(f'log, model: {runner.log_dir}, {cfg.work_dir}')
