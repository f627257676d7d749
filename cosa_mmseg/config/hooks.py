"""Build and check the hooks."""

import copy
from contextlib import suppress
from typing import Any

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.hooks import CheckpointHook, Hook
from mmengine.registry import HOOKS, LOOPS
from mmengine.runner import IterBasedTrainLoop, Priority, get_priority
from torch import nn

from cosa_mmseg.engine.hooks import AssignmentEMAHook, CoSAVisualizationHook
from cosa_mmseg.engine.hooks.cosa_visualization_hook import (
    build_test_set,
    find_images,
)
from cosa_mmseg.models import CoSA
from cosa_mmseg.utils.config_errors import (
    ConfigError,
    did_you_mean,
    join,
    naming_the_key,
)


def build_hooks(cfg: Config) -> dict[str, Hook]:
    """Build hooks, to see that they can be.

    Returns:
        dict[str, Hook]: By their paths, but for those that ask for a runner.
    """
    found = {}
    for name in ('default_hooks', 'custom_hooks'):
        hooks = cfg.get(name) or []
        if not isinstance(hooks, dict | list | tuple):
            raise ConfigError(f'{name} must be hooks, got {hooks!r}')
        pairs: Any = hooks.items() if isinstance(hooks, dict) else hooks
        pairs = pairs if isinstance(hooks, dict) else enumerate(pairs)
        for key, hook in pairs:
            if hook is None and name == 'default_hooks':  # switched off
                continue
            path = join(name, key)
            if isinstance(hook, dict) and 'type' not in hook:
                raise ConfigError(
                    f'{path} must have a `type`, got {dict(hook)}'
                    + did_you_mean(str(key), {*map(str, hooks)} - {str(key)})
                )
            with naming_the_key(hook, path), suppress(RuntimeError):
                # RuntimeError: there is no visualizer yet
                found[path] = _build(hook, path)
    return found


def _build(hook: Any, path: str) -> Hook:
    if isinstance(hook, Hook):
        return hook
    if not isinstance(hook, dict):
        raise ConfigError(f'{path} must be a dict, got {hook!r}')
    settings = copy.deepcopy(hook)
    priority = settings.pop('priority', 'NORMAL')
    try:
        get_priority(priority)
    except (KeyError, TypeError, ValueError) as err:
        names = ', '.join(level.name for level in Priority)
        raise ConfigError(
            f'{path}.priority must be a whole number in [0, 100] or one of '
            f'{names}, got {priority!r}'
        ) from err
    return HOOKS.build(settings)


def check_hooks(hooks: dict[str, Hook], cfg: Config, model: nn.Module) -> None:
    """Refuse hooks with which nothing is learned or saved.

    Raises:
        ConfigError: As said.
    """
    iterates = issubclass(LOOPS.get(cfg.train_cfg.type), IterBasedTrainLoop)
    for path, hook in hooks.items():
        if isinstance(hook, CheckpointHook) and hook.by_epoch and iterates:
            raise ConfigError(
                f'{path}.by_epoch must be False, got {hook.by_epoch!r}: '
                f'{cfg.train_cfg.type} counts iterations, and nothing would '
                'be saved before its end'
            )
    is_written = any(isinstance(h, AssignmentEMAHook) for h in hooks.values())
    if hasattr(model, 'assignment') and not is_written:
        raise ConfigError(
            'custom_hooks has no AssignmentEMAHook, or a subclass, without '
            'which the assignment network stays as it is: a list of hooks '
            'replaces that of the base config, so name this one too'
        )


def check_pictures(
    hooks: dict[str, Hook], dataset: Any, cfg: Config, model: nn.Module
) -> None:
    """Refuse pictures of images that the set that is watched does not have.

    Args:
        hooks: All hooks, by their paths.
        dataset: For validation; None: the test set is watched.
        cfg: The config.
        model: Built of it.

    Raises:
        ConfigError: As said.
    """
    for path, hook in hooks.items():
        if not isinstance(hook, CoSAVisualizationHook) or not hook.images:
            continue
        if cfg.get('val_dataloader') is None and isinstance(model, CoSA):
            with naming_the_key(cfg):
                dataset = build_test_set(cfg)
        with naming_the_key({}, path):
            if isinstance(dataset, BaseDataset):
                find_images(dataset, hook.images)
