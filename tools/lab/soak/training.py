"""A tiny training with all the parts of a real one."""

import tempfile
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from cosa_mmseg.config.command_line import read_config
from cosa_mmseg.datasets.shapes.shapes import write_shapes

from .readings import read

CONFIG = 'cosa/cosa_shapes.py'
SIDE = 32  # pixels of an image
# A network of some 20,000 parameters; evaluation and checkpoints in between.
TINY: dict[str, Any] = {
    'model.network.backbone.init_cfg': None,
    'model.network.backbone.stem_channels': 8,
    'model.network.backbone.base_channels': 8,
    'model.network.decode_head.channels': 8,
    'train_cfg.total_batch_size': 4,
    'train_dataloader.batch_size': 2,
    'optim_wrapper.type': 'OptimWrapper',
    'default_hooks.checkpoint.save_last': False,
}


class _ReadHook(Hook):
    """Reads the process each so many iterations."""

    priority = 'LOWEST'

    def __init__(self, interval: int) -> None:
        self.interval = interval
        self.iterations: list[int] = []
        self.readings: list[dict[str, float]] = []

    def after_train_iter(
        self, runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Read, if it is time."""
        if self.every_n_train_iters(runner, self.interval):
            self.iterations.append(runner.iter + 1)
            self.readings.append(read(runner.model, runner.log_dir))


def soak_config(folder: Path, iters: int) -> Config:
    """Config of the training.

    Args:
        folder: Gets the images, the log and the checkpoints.
        iters: Iterations, the first tenth of them a warm-up.
    """
    data = write_shapes(folder / 'shapes', num_train=64, num_eval=8, size=SIDE)
    between = max(iters // 10, 20)
    options = {
        **TINY,
        'train_cfg.max_iters': iters,
        'train_cfg.val_interval': between,
        'default_hooks.checkpoint.interval': between,
        'model.train_cfg.warmup_iters': iters // 10,
        'param_scheduler.warmup_iters': iters // 10,
    }
    for split in ('train', 'val', 'test'):
        options[f'{split}_dataloader.dataset.data_root'] = str(data)
        options[f'{split}_dataloader.num_workers'] = 0
        options[f'{split}_dataloader.persistent_workers'] = False
    cfg = read_config(CONFIG, options, str(folder / 'work'))
    for step in cfg.train_dataloader.dataset.pipeline:
        if step.type == 'RandomPlaceCrop':
            step.crop_size = (SIDE, SIDE)
    return cfg


def soak(
    iters: int, interval: int
) -> tuple[list[int], list[dict[str, float]]]:
    """Train in a temporary folder, in this process.

    Args:
        iters: Iterations.
        interval: Iterations from one reading to the next.

    Returns:
        tuple: Iterations after which there was a reading, and the readings.

    Raises:
        ValueError: If an argument is below 1.
    """
    if min(iters, interval) < 1:
        raise ValueError(
            f'iterations and interval must be at least 1, got {iters} and '
            f'{interval}'
        )
    hook = _ReadHook(interval)
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner.from_cfg(soak_config(Path(folder), iters))
        runner.register_hook(hook)
        runner.train()
    return hook.iterations, hook.readings
