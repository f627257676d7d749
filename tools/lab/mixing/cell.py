"""One backbone with one decode head."""

import copy
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import torch
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.optim import build_optim_wrapper
from mmengine.registry import HOOKS, MODELS, init_default_scope
from mmengine.runner import Runner, set_random_seed

from cosa_mmseg.config.config_path import find_config
from tools.lab.benchmark.environment import environment
from tools.lab.benchmark.memory import peak_memory

from .compose import compose
from .parts import (
    RECIPE,
    SHAPES,
    load_backbone,
)
from .trial import try_training

WARMUP = 2  # steps that are not timed


@dataclass(frozen=True)
class Conditions:
    """What all cells of a matrix share.

    Attributes:
        crop (int): Side of the training images in pixels.
        batch_size (int): Images of the batch.
        iters (int): Steps on it.
        data_root (str): Folder of the shapes set.

    Raises:
        ValueError: If a number is too small.
    """

    crop: int = 112
    batch_size: int = 2
    iters: int = 8
    data_root: str = 'data/shapes'

    def __post_init__(self) -> None:
        least = dict(crop=32, batch_size=1, iters=WARMUP + 1)
        for name, number in least.items():
            if getattr(self, name) < number:
                raise ValueError(
                    f'{name}={getattr(self, name)} is too small: at least '
                    f'{number}'
                )


@dataclass(frozen=True)
class Cell:
    """A cell of the matrix.

    Attributes:
        backbone (str): Its name.
        head (str): Its name.
        backbone_config (str): Path of the config that has it.
        head_config (str): Path of the config that has it.
        conditions (Conditions): What all cells share.
    """

    backbone: str
    head: str
    backbone_config: str
    head_config: str
    conditions: Conditions

    def __str__(self) -> str:
        return f'{self.backbone} x {self.head}'

    @classmethod
    def from_json(cls, text: str) -> 'Cell':
        """What :meth:`to_json` wrote."""
        fields = json.loads(text)
        return cls(
            **{**fields, 'conditions': Conditions(**fields['conditions'])}
        )

    def to_json(self) -> str:
        """The cell in a line."""
        return json.dumps(asdict(self))

    def config(self) -> Config:
        """Model, optimiser, hooks and data of the cell."""
        recipe = Config.fromfile(find_config(RECIPE))
        data = Config.fromfile(find_config(SHAPES))
        head = Config.fromfile(self.head_config)
        backbone = load_backbone(self.backbone, Path(self.backbone_config))
        num_classes = len(data.metainfo.classes)
        return Config(
            dict(
                model=compose(recipe, backbone, head, num_classes),
                optim_wrapper=head.optim_wrapper,
                custom_hooks=recipe.custom_hooks,
                train_dataloader=self._loader(data.train_dataloader),
                default_scope=recipe.default_scope,
            )
        )

    def _loader(self, loader: ConfigDict) -> ConfigDict:
        """The shapes set's, for this batch and crop, in this process."""
        loader = copy.deepcopy(loader)
        loader.update(
            batch_size=self.conditions.batch_size,
            num_workers=0,
            persistent_workers=False,
        )
        loader.dataset.data_root = self.conditions.data_root
        side = self.conditions.crop
        for step in loader.dataset.pipeline:
            if step.type == 'RandomPlaceCrop':
                step.crop_size = (side, side)
        return loader

    def digest(self) -> str:
        """Changes with every setting that a result depends on."""
        settings = [self.config().to_dict(), asdict(self.conditions)]
        text = json.dumps(settings, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def run(self) -> dict:
        """Train a little, in this process.

        Returns:
            dict: ``parameters`` of one network; ``stride`` and ``channels``
            of the main feature; ``step``, the median of the seconds without
            the first two; ``memory``, the peak of the process (on a GPU: of
            its tensors) in bytes; what a :class:`Trial` has; and
            ``environment``.
        """
        cfg = self.config()
        init_default_scope(cfg.default_scope)
        set_random_seed(0)
        loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
        model = MODELS.build(cfg.model)
        model.init_weights()
        model.to(get_device())
        trial = try_training(
            model,
            build_optim_wrapper(model, cfg.optim_wrapper),
            [HOOKS.build(hook) for hook in cfg.custom_hooks],
            next(iter(loader)),
            self.conditions.iters,
        )
        peak = peak_memory()
        main = model.online.features[model.online.cam_head.in_index]
        return dict(
            parameters=_count(model.online),
            **asdict(main),
            step=median(trial.seconds[WARMUP:]),
            memory=peak.get('gpu', peak['host']),
            **asdict(trial),
            first_loss=trial.first_loss,
            last_loss=trial.last_loss,
            problems=trial.problems,
            environment=environment(),
        )


def _count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
