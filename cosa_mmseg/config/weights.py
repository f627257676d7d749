"""Check the weights that a training starts from, or goes on from."""

from collections.abc import Iterable
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import CheckpointLoader
from torch import nn

from cosa_mmseg.engine.hooks import CheckpointFitHook, check_fit
from cosa_mmseg.utils.checkpoint_loaders import safe_loaders
from cosa_mmseg.utils.startup import unrecorded_init


def check_weights(
    hooks: Iterable[Hook],
    cfg: Config,
    model: nn.Module,
    optim_wrapper: OptimWrapper | OptimWrapperDict,
    dataset: Any,
) -> None:
    """Refuse weights that do not load, or do not fit.

    The runner does so when it has begun to write.

    Args:
        hooks: Without a `CheckpointFitHook` among them all checkpoints fit.
        cfg: The config.
        model: Built of it; it is given its initial weights.
        optim_wrapper: Of its parameters.
        dataset: To train with.

    Raises:
        ValueError: As said.
    """
    initialize: Any = getattr(model, 'init_weights', None)
    if initialize:
        with safe_loaders(), unrecorded_init():
            initialize()
    file = cfg.get('load_from')
    if file and any(isinstance(hook, CheckpointFitHook) for hook in hooks):
        with safe_loaders():
            content = CheckpointLoader.load_checkpoint(file, 'cpu', 'silent')
        metainfo = getattr(dataset, 'metainfo', None) or {}
        classes = metainfo.get('classes')
        check_fit(cfg, content, model, classes, optim_wrapper)
