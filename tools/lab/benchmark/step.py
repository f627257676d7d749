"""A training step, taken apart."""

from dataclasses import asdict, dataclass
from statistics import median
from tempfile import TemporaryDirectory

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import nn

from cosa_mmseg.models.pseudo_labels.adaptive_threshold import (
    AdaptiveThreshold,
)
from cosa_mmseg.utils.config_errors import naming_the_key

from .config import (
    amp_of_wrapper,
    check_counts,
    check_model,
    drop_missing_weights,
    set_amp,
    set_crop,
    set_num_classes,
    use_synthetic_images,
)
from .environment import environment
from .memory import peak_memory
from .parts import STEP_ORDER
from .summary import (
    summarise,
    summarise_steps,
)
from .unit import UNIT

PHASES = {'cotraining': 0, 'warmup': 10**9}  # the model's warm-up iterations


@dataclass(frozen=True)
class StepSettings:
    """What a benchmark of training steps shall do.

    Attributes:
        iters (int): Steps that are counted.
        warmup (int): Steps before; at least 2, since the peak of memory is
            that of a step with the optimiser's state, which the first makes.
        phase (str): ``'cotraining'``, or ``'warmup'``, the model's, in which
            only the classifiers are trained.
        synthetic (bool): Whether images and labels are random.
        batch_size (int, optional): Images per batch; None: the config's.
        total_batch_size (int, optional): Images per step; None: one batch.
        num_classes (int, optional): K, with the background; None: the
            config's.
        crop (int, optional): Side of the views; None: the config's.
        amp (str, optional): ``'off'``, ``'bf16'`` or ``'fp16'``; None: as the
            config says.

    Raises:
        ValueError: If a setting is out of range.
    """

    iters: int = 10
    warmup: int = 2
    phase: str = 'cotraining'
    synthetic: bool = False
    batch_size: int | None = None
    total_batch_size: int | None = None
    num_classes: int | None = None
    crop: int | None = None
    amp: str | None = None

    def __post_init__(self) -> None:
        check_counts(
            iters=self.iters,
            batch_size=self.batch_size,
            total_batch_size=self.total_batch_size,
            crop=self.crop,
        )
        if self.warmup < 2:
            raise ValueError(
                f'--warmup must be at least 2, got {self.warmup}: the first '
                "step makes the optimiser's state, the second one's peak "
                'memory includes it'
            )
        if self.phase not in PHASES:
            raise ValueError(
                f'--phase must be one of {", ".join(PHASES)}, got {self.phase}'
            )
        if self.num_classes is not None and not self.synthetic:
            raise ValueError(
                '--num-classes needs --synthetic: real images have the '
                'classes of their data set'
            )


def benchmark_step(cfg: Config, settings: StepSettings) -> dict:
    """Train a few steps with the runner of a config, and time their parts.

    Args:
        cfg (Config): Of a training of CoSA; it is changed.
        settings (StepSettings): What to do.

    Returns:
        dict: ``settings``, ``resolved`` ones, ``environment``, ``notes``;
        ``parts``, ``groups`` and ``total`` of :func:`summarise_steps`;
        ``images_per_second``; ``unit`` and its definition; ``peak_memory``
        in bytes, and the process's before the model was built.

    Raises:
        ValueError: If settings and config do not fit.
    """
    resolved, notes = prepare_step(cfg, settings)
    before = peak_memory()['host']
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with TemporaryDirectory() as work_dir:
        cfg.work_dir = work_dir
        if cfg.get('visualizer'):
            # mmengine keeps visualizers, and where they write, by name
            cfg.visualizer.name = work_dir
        with naming_the_key(cfg):
            runner = Runner.from_cfg(cfg)
        fill_queues(runner.model)
        runner.train()
    measured = runner.train_loop.measurement
    unit = median(measured.unit_seconds)
    figures = summarise_steps(measured.steps, STEP_ORDER, unit)
    images = resolved['images_per_step']
    return dict(
        settings=asdict(settings),
        resolved=resolved,
        environment=environment(),
        notes=notes,
        images_per_second=images / figures['total']['median'],
        peak_memory=dict(measured.peak, host_before=before),
        unit=dict(what=UNIT, **summarise(measured.unit_seconds, unit)),
        **figures,
    )


def prepare_step(
    cfg: Config, settings: StepSettings
) -> tuple[dict, list[str]]:
    """Change a config for a benchmark.

    Returns:
        tuple[dict, list[str]]: What the settings came to, and notes.

    Raises:
        ValueError: If settings and config do not fit.
    """
    check_model(cfg)
    num_classes = set_num_classes(cfg, settings.num_classes)
    size = set_crop(cfg, settings.crop)
    set_amp(
        cfg.optim_wrapper, settings.amp or amp_of_wrapper(cfg.optim_wrapper)
    )
    batch = settings.batch_size or cfg.train_dataloader.batch_size
    total = settings.total_batch_size or batch
    if total % batch:
        raise ValueError(
            f'--total-batch-size {total} is not a multiple of the batch size '
            f'{batch}'
        )
    if settings.synthetic:
        cfg.train_dataloader = use_synthetic_images(
            cfg.train_dataloader,
            batch,
            num_classes=num_classes,
            size=size,
            two_views=True,
        )
    cfg.train_dataloader.batch_size = batch
    cfg.optim_wrapper.pop('accumulative_counts', None)
    cfg.train_cfg = dict(
        type='TimedTrainLoop',
        warmup=settings.warmup,
        iters=settings.iters,
        max_iters=max(
            cfg.train_cfg.get('max_iters', 0),
            settings.warmup + settings.iters,
        ),
        total_batch_size=total,
    )
    cfg.model.train_cfg.warmup_iters = PHASES[settings.phase]
    _train_only(cfg)
    resolved = dict(
        phase=settings.phase,
        amp=amp_of_wrapper(cfg.optim_wrapper),
        batch_size=batch,
        images_per_step=total,
        num_classes=num_classes,
        crop=size,
        num_workers=cfg.train_dataloader.num_workers,
    )
    return resolved, drop_missing_weights(cfg)


@torch.no_grad()
def fill_queues(model: nn.Module) -> None:
    """Have dynamic thresholds see two modes, as they do in a training.

    Their fit to the few images of a benchmark would fail, and cost nothing.

    Args:
        model (nn.Module): Its queues of confidences are filled.
    """
    for module in model.modules():
        if isinstance(module, AdaptiveThreshold):
            low, high = module.queue.chunk(2, dim=1)
            low.normal_(0.3, 0.1)
            high.normal_(0.8, 0.1)
            module.queue.clamp_(0, 1)


def _train_only(cfg: Config) -> None:
    """Neither evaluation nor checkpoints, nor what a runner says of them."""
    for kind in ('val', 'test'):
        for key in ('dataloader', 'cfg', 'evaluator'):
            cfg[f'{kind}_{key}'] = None
    cfg.default_hooks = dict(cfg.get('default_hooks') or {}, checkpoint=None)
    cfg.load_from = None
    cfg.resume = False
    cfg.log_level = 'ERROR'
