"""Names at the top of a config."""

import difflib
import inspect
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from cosa_mmseg.utils.config_errors import (
    ConfigError,
    dicts_in,
    did_you_mean,
    join,
)

# what the runner reads beside its arguments
_MORE = {
    'activation_checkpointing',
    'compile',
    'custom_imports',
    'efficient_conv_bn_eval',
    'find_unused_parameters',
    'model_wrapper_cfg',
    'sync_bn',
}
# what commands read
_TOOLS = {'tta_cfg', 'tta_model', 'work_dir'}
# what mmengine raises for a key that leads nowhere
_CANNOT_MERGE = (AttributeError, KeyError, TypeError)
_NEEDED = ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper')


def runner_names() -> set[str]:
    """Return the names at the top of a config that the runner reads."""
    return {*inspect.signature(Runner.__init__).parameters, *_MORE} - {'self'}


def merge_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Override settings of a config.

    Args:
        cfg: The config; it is changed.
        options: Values by dotted key, as of ``--cfg-options``.

    Raises:
        ConfigError: A key begins with a name that nothing reads, or leads
            through what is no dict and no list of that length.
    """
    known = {*runner_names(), *_TOOLS}
    for key in options:
        name = key.partition('.')[0]
        if name in known:
            continue
        if name in cfg:
            raise ConfigError(
                f'{key}: {name} is a variable of the config, which has been '
                'read by now; set the keys that have its value'
                + _places(cfg, name)
            )
        raise ConfigError(
            f'{key}: the config has no {name!r} to override'
            + did_you_mean(name, known)
        )
    for key, value in options.items():
        try:
            cfg.merge_from_dict({key: value})
        except _CANNOT_MERGE as err:
            reason = err.args[0]
            if isinstance(err, AttributeError):  # an item that is no dict
                reason = 'set the whole list'
            raise ConfigError(f'{key} cannot be set: {reason}') from err


def _places(cfg: Config, name: str) -> str:
    """Return the end of a sentence: where a variable has likely gone."""
    places = [
        join(path, name)
        for path, node in dicts_in(cfg.to_dict())
        if name in node and path.partition('.')[0] in runner_names()
    ]
    return f', such as {places[0]}' if places else ''


def check_names(cfg: Config) -> None:
    """Refuse a config that lacks a part, or has one under a mistyped name.

    Raises:
        ConfigError: As said.
    """
    there = {name for name in cfg if cfg[name] is not None}
    for name in _NEEDED:
        if name not in there:
            raise ConfigError(
                f'the config has no `{name}`, which a training needs'
                + did_you_mean(name, there)
            )
    known = runner_names()
    for name in sorted(set(cfg) - known):  # others are variables
        if difflib.get_close_matches(name, known, cutoff=0.88):
            raise ConfigError(
                f'the key {name!r} of the config is not used'
                + did_you_mean(name, known)
            )
