"""Runs of CoSA on a few shapes, with the hooks that watch it learn."""

import itertools
import random
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import TRANSFORMS
from mmengine.runner import Runner
from mmseg.visualization import SegLocalVisualizer

from tests.golden import ROOT

_NUMBERS = itertools.count()


@TRANSFORMS.register_module()
class DrawRandomNumbers:
    """Draws random numbers, as a pipeline for evaluation may."""

    def __call__(self, results: dict) -> dict:
        torch.rand(1), np.random.rand(), random.random()
        return results


def watched_config(root: Path, work_dir: Path, **settings) -> Config:
    """Config of a training that takes a second.

    Args:
        root: Shapes set of 48 x 48 pixels.
        work_dir: Folder of the run.
        **settings: What overrides it, by key with ``__`` for dots.
    """
    cfg = Config.fromfile(ROOT / 'configs' / 'cosa' / 'cosa_shapes.py')
    cfg.merge_from_dict(
        {
            'work_dir': str(work_dir),
            'experiment_name': f'watched_{next(_NUMBERS)}',
            'model.network.backbone.init_cfg': None,
            'model.network.decode_head.dropout_ratio': 0.5,  # draws numbers
            'model.train_cfg.warmup_iters': 1,
            'param_scheduler.warmup_iters': 1,
            'optim_wrapper.type': 'OptimWrapper',
            'default_hooks.logger.interval': 1,
            'default_hooks.checkpoint.interval': 100,
            'default_hooks.checkpoint.save_last': False,
            # does not seed each iteration: what was drawn before shows
            'train_cfg.type': 'IterBasedTrainLoop',
            'train_cfg.max_iters': 4,
            'train_cfg.val_interval': 2,
            'log_level': 'WARNING',
        }
    )
    del cfg.train_cfg['total_batch_size']
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.data_root = str(root)
    cfg.merge_from_dict(
        {key.replace('__', '.'): value for key, value in settings.items()}
    )
    return cfg


def train(cfg: Config) -> Runner:
    """Run the training as if it had a process of its own."""
    SegLocalVisualizer._instance_dict.clear()
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner
