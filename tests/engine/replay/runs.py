"""Short runs of CoSA, some of which meet a loss that is not finite."""

from pathlib import Path

from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.registry import DATASETS, MODELS
from mmengine.runner import Runner
from torch.utils.data import Dataset

from cosa_mmseg.models.losses import C2SLoss
from tests.models.networks import small_batch
from tests.models.segmentors.steps import LABELS, paper_recipe

BREAKS = 3  # iterations before the one whose loss is not finite
DUMP = f'non_finite_iter_{BREAKS + 1}_rank_0.dump'


@DATASETS.register_module()
class StepImages(Dataset):
    """Eight images of noise."""

    metainfo = None

    def __len__(self):
        return 2 * len(LABELS)

    def __getitem__(self, index):
        batch = small_batch(LABELS * 2)
        views = {name: imgs[index] for name, imgs in batch['inputs'].items()}
        return dict(inputs=views, data_samples=batch['data_samples'][index])


@MODELS.register_module()
class BreakingLoss(C2SLoss):
    """The logarithm of 0 is added to it in an iteration."""

    def forward(self, output, pseudo, batch):
        loss = super().forward(output, pseudo, batch)
        iteration = MessageHub.get_current_instance().get_info('iter')
        if iteration < BREAKS:
            return loss
        return loss + (0 * output.seg_logits.sum()).log()


@MODELS.register_module()
class BreakingGradient(C2SLoss):
    """The square root of 0 is added to it."""

    def forward(self, output, pseudo, batch):
        loss = super().forward(output, pseudo, batch)
        return loss + (0 * output.seg_logits.sum()).sqrt()


def run_config(work_dir: Path, iters: int, loss: str = 'C2SLoss') -> Config:
    """Config of a run with dropout and dynamic thresholds."""
    model = dict(paper_recipe(), loss_c2s=dict(type=loss))
    model['network']['backbone']['drop_rate'] = 0.2
    return Config(
        dict(
            default_scope='mmseg',
            experiment_name=f'{work_dir.name}_{loss}_{iters}',
            work_dir=str(work_dir),
            log_level='WARNING',
            model=model,
            train_dataloader=dict(
                dataset=dict(type='StepImages'),
                sampler=dict(type='DefaultSampler', shuffle=False),
                batch_size=2,
                num_workers=0,
            ),
            train_cfg=dict(
                type='TotalBatchTrainLoop', max_iters=iters, total_batch_size=2
            ),
            optim_wrapper=dict(
                type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3)
            ),
            custom_hooks=[dict(type='AssignmentEMAHook', momentum=0.3)],
            default_hooks=dict(
                checkpoint=None,
                logger=None,
                non_finite_loss=dict(type='NonFiniteLossHook'),
            ),
            randomness=dict(seed=0),
        )
    )


def broken_config(work_dir: Path) -> Config:
    """Config of a run that stops after ``BREAKS`` iterations."""
    return run_config(work_dir, BREAKS + 2, 'BreakingLoss')


def train(cfg: Config) -> Runner:
    """Train, and return what did."""
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner
