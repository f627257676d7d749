"""Images per second of predictions, in all the ways that they are made."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from statistics import median

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner, autocast, load_checkpoint
from torch.utils.data import DataLoader

from cosa_mmseg.engine.hooks import find_misfit
from cosa_mmseg.evaluation.tta import enable_tta
from cosa_mmseg.models.segmentors.dual_stream import DualStreamSegmentor
from cosa_mmseg.utils.checkpoint_loaders import safe_loaders
from cosa_mmseg.utils.config_errors import naming_the_key
from cosa_mmseg.utils.weights import WeightsError

from .config import (
    AMP,
    check_amp,
    check_counts,
    check_model,
    set_num_classes,
    use_synthetic_images,
)
from .environment import environment
from .measurement import Measurement
from .memory import peak_memory
from .parts import (
    DATA,
    PREDICTION_ORDER,
    prediction_calls,
)
from .summary import (
    summarise,
    summarise_steps,
)
from .unit import UNIT

DTYPES = {'off': None, 'bf16': torch.bfloat16, 'fp16': torch.float16}
VIEWS = ('one', 'tta')
MODES = ('whole', 'slide')


@dataclass(frozen=True)
class InferenceSettings:
    """What a benchmark of predictions shall do: each combination.

    Attributes:
        iters (int): Batches that are counted.
        warmup (int): Batches before, at least 1.
        views (Sequence[str], optional): ``'one'``, the views of the config's
            ``test_cfg``, and ``'tta'``, those of its ``tta_cfg``; None: both,
            if it has one.
        modes (Sequence[str], optional): ``'whole'`` and ``'slide'``; None:
            that of the config.
        amp (Sequence[str]): ``'off'``, ``'bf16'``, ``'fp16'``.
        batch_sizes (Sequence[int], optional): None: that of the config.
        synthetic (bool): Whether images are random.
        size (Sequence[int]): Height and width of random images as the model
            gets them.
        ori_size (Sequence[int]): Those that predictions are resized to.
        num_classes (int, optional): K, with the background; None: the
            config's.

    Raises:
        ValueError: If a setting is out of range.
    """

    iters: int = 10
    warmup: int = 2
    views: Sequence[str] | None = None
    modes: Sequence[str] | None = None
    amp: Sequence[str] = ('off',)
    batch_sizes: Sequence[int] | None = None
    synthetic: bool = False
    size: Sequence[int] = (448, 448)
    ori_size: Sequence[int] = (375, 500)
    num_classes: int | None = None

    def __post_init__(self) -> None:
        check_counts(
            iters=self.iters,
            warmup=self.warmup,
            batch_size=min(self.batch_sizes or [1]),
            size=min(self.size),
            ori_size=min(self.ori_size),
        )
        for option, values, known in (
            ('views', self.views or VIEWS, VIEWS),
            ('mode', self.modes or MODES, MODES),
            ('amp', self.amp, tuple(AMP)),
        ):
            unknown = sorted(set(values) - set(known))
            if unknown:
                raise ValueError(
                    f'--{option} {unknown[0]} is unknown: {", ".join(known)}'
                )
        for amp in self.amp:
            check_amp(amp)


def benchmark_inference(
    cfg: Config, settings: InferenceSettings, checkpoint: str | None = None
) -> dict:
    """Predict some batches in each of several ways, and time them.

    Args:
        cfg (Config): Of a CoSA and its test data; it is changed.
        settings (InferenceSettings): The ways.
        checkpoint (str, optional): Weights; None: random ones.

    Returns:
        dict: ``settings``, ``environment``, ``notes``, the ``unit`` over all
        rows and its definition, and ``rows``, one for each combination: its
        ``views``, ``mode``, ``amp``, ``batch_size``; ``images_per_second``;
        ``unit``; ``parts`` and ``total`` of :func:`summarise_steps`;
        ``peak_memory`` in bytes, on the host that of the process so far.

    Raises:
        ValueError: If settings and config do not fit.
    """
    check_model(cfg)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    num_classes = set_num_classes(cfg, settings.num_classes)
    before = peak_memory()['host']
    batch_sizes = settings.batch_sizes or [cfg.test_dataloader.batch_size]
    rows = []
    for views, mode in product(*_ways(cfg, settings)):
        variant = _variant(cfg, views, mode)
        model = _load_model(variant, checkpoint)
        for amp, batch in product(settings.amp, batch_sizes):
            loader = _loader(variant, settings, batch, num_classes)
            rows.append(
                dict(
                    views=views,
                    mode=mode,
                    amp=amp,
                    batch_size=batch,
                    **_figures(_measure(model, loader, settings, amp), batch),
                )
            )
    unit_seconds = [s for row in rows for s in row['unit']['seconds']]
    return dict(
        settings=asdict(settings),
        checkpoint=checkpoint,
        num_classes=num_classes,
        environment=environment(),
        notes=[] if checkpoint else ['random weights: no checkpoint is given'],
        peak_memory=dict(peak_memory(), host_before=before),
        unit=dict(what=UNIT, **summarise(unit_seconds, median(unit_seconds))),
        rows=rows,
    )


def _ways(
    cfg: Config, settings: InferenceSettings
) -> tuple[Sequence[str], Sequence[str]]:
    """Views and modes that are asked for, or that the config has."""
    views = settings.views or (VIEWS if cfg.get('tta_cfg') else VIEWS[:1])
    modes = settings.modes or [cfg.model.test_cfg.get('mode', 'whole')]
    return views, modes


def _variant(cfg: Config, views: str, mode: str) -> Config:
    """The config of one way to predict.

    Raises:
        ValueError: If the config lacks what this way needs.
    """
    cfg = copy.deepcopy(cfg)
    if views == 'tta':
        enable_tta(cfg)
    test_cfg = cfg.model.test_cfg
    test_cfg.mode = mode
    if mode == 'whole':
        test_cfg.pop('crop_size', None)
        test_cfg.pop('stride', None)
    elif test_cfg.get('crop_size') is None:
        raise ValueError(
            '--mode slide needs model.test_cfg.crop_size and stride in the '
            'config, as in configs/cosa/evaluation/cosa_vit-b_voc_slide.py'
        )
    return cfg


def _load_model(cfg: Config, checkpoint: str | None) -> DualStreamSegmentor:
    """The model of a config on its device, with weights if there are any."""
    with naming_the_key(cfg.model, 'model'):
        model = MODELS.build(cfg.model)
    if checkpoint is not None:
        with safe_loaders():
            loaded = load_checkpoint(model, checkpoint, map_location='cpu')
        problem = find_misfit(model, loaded.get('state_dict', loaded))
        if problem:
            raise WeightsError(f'{checkpoint} does not fit: {problem}')
    return model.to(get_device()).eval()


def _loader(
    cfg: Config,
    settings: InferenceSettings,
    batch_size: int,
    num_classes: int,
) -> DataLoader:
    """Whole batches of the test data, or of random images.

    Raises:
        ValueError: If there are not as many images, or random ones will not
            do.
    """
    dataloader = dict(cfg.test_dataloader, batch_size=batch_size)
    if settings.synthetic:
        if cfg.model.test_cfg.get('post_process'):
            raise ValueError(
                'model.test_cfg.post_process reads the files of images, which '
                'random ones (--synthetic) do not have'
            )
        dataloader = use_synthetic_images(
            dataloader,
            batch_size,
            num_classes=num_classes,
            size=settings.size,
            ori_size=settings.ori_size,
            num_images=max(16, batch_size),
        )
    loader = Runner.build_dataloader(dict(dataloader, drop_last=True))
    if not len(loader):
        raise ValueError(
            f'--batch-size {batch_size} is more than the {len(loader.dataset)}'
            " images of test_dataloader's data set"
        )
    return loader


def _endless(loader: DataLoader) -> Iterator[dict]:
    """Batches, again and again."""
    while True:
        yield from loader


@torch.no_grad()
def _measure(
    model: DualStreamSegmentor,
    loader: DataLoader,
    settings: InferenceSettings,
    amp: str,
) -> Measurement:
    """Time batches as mmengine's test loop predicts them."""
    dtype = DTYPES[amp]
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    measurement = Measurement(settings.warmup)
    batches = _endless(loader)
    with measurement.timed(prediction_calls(model)):
        for _ in range(settings.warmup + settings.iters):
            measurement.begin_step()
            with measurement.recorder.part(DATA):
                batch = next(batches)
            with autocast(enabled=dtype is not None, dtype=dtype):
                model.test_step(batch)
            measurement.end_step()
    return measurement


def _figures(measured: Measurement, batch_size: int) -> dict:
    """Figures of a row."""
    unit = median(measured.unit_seconds)
    figures = summarise_steps(measured.steps, PREDICTION_ORDER, unit)
    del figures['groups']  # there are none
    return dict(
        images_per_second=batch_size / figures['total']['median'],
        peak_memory=measured.peak,
        unit=summarise(measured.unit_seconds, unit),
        **figures,
    )
