"""Runs of a tiny CoSA, a few milliseconds an iteration."""

import itertools
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch.utils.data import Dataset

from cosa_mmseg.engine.checkpoints import set_resumed_checkpoint
from tests.models.networks import small_batch, small_model

LABELS = [[0], [1, 2], [2], [0, 1]]  # of the images
_NUMBERS = itertools.count()


class SmallImages(Dataset):
    """Four images of noise."""

    metainfo = {'classes': ('background', 'a', 'b', 'c')}

    def __init__(self) -> None:
        self.batch = small_batch(LABELS)

    def __len__(self) -> int:
        return len(LABELS)

    def __getitem__(self, index: int) -> dict:
        views = self.batch['inputs'].items()
        return dict(
            inputs={name: imgs[index] for name, imgs in views},
            data_samples=self.batch['data_samples'][index],
        )


def small_runner(
    work_dir: Path,
    max_iters: int,
    resume: str | None = None,
    checkpoint: dict | None = None,
    **settings,
) -> Runner:
    """A runner of a tiny CoSA.

    Args:
        work_dir: Its folder.
        max_iters: When the training ends.
        resume: As ``--resume`` of ``cosa train``.
        checkpoint: Settings of its checkpoint hook.
        **settings: Others of the runner.
    """
    config = Config(dict(work_dir=str(work_dir)))
    set_resumed_checkpoint(config, resume)
    defaults = dict(
        type='SafeCheckpointHook', by_epoch=False, interval=1, max_keep_ckpts=1
    )
    torch.manual_seed(0)
    return Runner(
        model=small_model(train_cfg=dict(warmup_iters=2)),
        work_dir=config.work_dir,
        resume=config.get('resume', False),
        load_from=config.get('load_from'),
        train_dataloader=dict(
            dataset=SmallImages(),
            sampler=dict(type='InfiniteSampler', shuffle=False),
            batch_size=2,
            num_workers=0,
        ),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=max_iters),
        optim_wrapper=dict(
            type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3)
        ),
        default_hooks=dict(
            logger=None, checkpoint={**defaults, **(checkpoint or {})}
        ),
        experiment_name=f'small_{next(_NUMBERS)}',
        default_scope='mmseg',
        log_level='WARNING',
        **settings,
    )
