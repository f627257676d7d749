"""Read a config with the options of a command line in it."""

import os
import os.path as osp
from argparse import Namespace
from pathlib import Path

from mmengine.config import Config

from cosa_mmseg.config.names import merge_options
from cosa_mmseg.utils.config_errors import (
    ConfigError,
    dicts_in,
)
from cosa_mmseg.utils.paths import PATH_KEY

from .config_path import (
    find_config,
    packaged_folder,
)
from .custom_data import fill_in_classes, set_data

# what `Runner.register_default_hooks` adds, unless it is None
_HOOKS_OF_MMENGINE = {
    'checkpoint',
    'logger',
    'param_scheduler',
    'runtime_info',
    'sampler_seed',
    'timer',
}


def read_config(
    config: str, cfg_options: dict | None, work_dir: str | None = None
) -> Config:
    """Read a config with its overriding settings, and count its classes.

    See :func:`open_config` and :func:`fill_in_classes`.
    """
    cfg = open_config(config, cfg_options, work_dir)
    fill_in_classes(cfg)
    return cfg


def open_config(
    config: str, cfg_options: dict | None, work_dir: str | None = None
) -> Config:
    """Read a config with its overriding settings.

    Settings of the data are set in all data sets, see :func:`set_data`. A
    default hook that is None is left out. ``~`` in paths is the home folder.

    Args:
        config: Path of a config, or the name of a packaged one.
        cfg_options: What overrides it, by dotted key.
        work_dir: Its ``work_dir`` (default: that of the config, else
            ``work_dirs/<name of the config>``).

    Raises:
        FileNotFoundError: There is no such config, or a file that it needs.
        ValueError: It has a syntax error, or a setting cannot be.
    """
    path = find_config(config)
    try:
        cfg = Config.fromfile(path)
    except SyntaxError as err:
        reason = ' '.join(str(err).split())
        raise ValueError(f'{path} is no Python: {reason}') from err
    except FileNotFoundError as err:
        raise FileNotFoundError(
            f'{path} needs {err.filename}, which is no file: a `_base_` is a '
            'path from the folder of the config that names it; those of this '
            f'project are in {packaged_folder()}'
        ) from err
    except TypeError as err:  # of a value that would inherit from no dict
        raise ValueError(f'{path}: {" ".join(str(err).split())}') from err
    options = dict(cfg_options or {})
    work_dir = work_dir or options.pop('work_dir', cfg.get('work_dir'))
    cfg.work_dir = work_dir or f'work_dirs/{Path(config).stem}'
    if not isinstance(cfg.work_dir, str):
        raise ConfigError(f'work_dir must be a string, got {cfg.work_dir!r}')
    merge_options(cfg, set_data(cfg, options))
    _drop_hooks(cfg)
    _expand_paths(cfg)
    return cfg


def _drop_hooks(cfg: Config) -> None:
    """Leave out hooks that are None, where mmengine has none of that name.

    It takes None for those that it would add itself, and no other.
    """
    hooks = cfg.get('default_hooks')
    for name in [*hooks] if isinstance(hooks, dict) else ():
        if hooks[name] is None and name not in _HOOKS_OF_MMENGINE:
            del hooks[name]


def _expand_paths(cfg: Config) -> None:
    """Replace ``~`` in the paths of a config."""
    for _, node in dicts_in(cfg._cfg_dict):
        for key, value in node.items():
            if isinstance(value, str) and PATH_KEY.fullmatch(key):
                node[key] = osp.expanduser(value)


def load_config(args: Namespace) -> Config:
    """Return the config that the options of a launched command describe.

    Also sets the environment variable ``LOCAL_RANK`` where it is missing.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    options = {'launcher': args.launcher, **(args.cfg_options or {})}
    return read_config(args.config, options, args.work_dir)
