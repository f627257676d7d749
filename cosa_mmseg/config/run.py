"""What the runner reads before it builds the parts of a training."""

import logging
import multiprocessing

from mmengine.config import Config
from mmengine.registry import LOG_PROCESSORS
from mmengine.runner import Runner
from mmengine.utils.dl_utils import set_multi_processing

from cosa_mmseg.utils.config_errors import (
    ConfigError,
    naming_the_key,
)
from cosa_mmseg.utils.config_parameters import (
    fits,
    parameters,
)

from .settings import refuse_unknown

# what the runner reads of env_cfg
_ENVIRONMENT = {'cudnn_benchmark', 'dist_cfg', 'mp_cfg', 'resource_limit'}


def check_run(cfg: Config) -> None:
    """Check what the runner reads before it builds anything."""
    level = cfg.get('log_level', 'INFO')
    if not isinstance(logging.getLevelName(level), int):
        raise ConfigError(
            f"log_level must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR', got "
            f'{level!r}'
        )
    for name in ('randomness', 'env_cfg', 'auto_scale_lr'):
        if name in cfg and not fits(cfg[name], dict | None):
            raise ConfigError(f'{name} must be a dict, got {cfg[name]!r}')
    settings = cfg.get('randomness') or {}
    known = {*parameters(Runner.set_randomness)} - {'self'}
    refuse_unknown(settings, known, 'randomness')
    seed = settings.get('seed')
    if not fits(seed, int | None) or (seed or 0) < 0:
        raise ConfigError(
            f'randomness.seed must be a whole number of at least 0 or None, '
            f'got {seed!r}'
        )
    _check_environment(cfg.get('env_cfg', {}))
    scaling = cfg.get('auto_scale_lr') or {}
    if scaling.get('enable') and 'base_batch_size' not in scaling:
        raise ConfigError(
            'auto_scale_lr.base_batch_size is missing: the batch that the '
            'rate is meant for'
        )


def _check_environment(settings: dict | None) -> None:
    """Check what the runner sets up, and what it passes over."""
    if settings is None:
        raise ConfigError('env_cfg must be a dict, got None')
    refuse_unknown(settings, _ENVIRONMENT, 'env_cfg')
    for name in ('mp_cfg', 'dist_cfg'):
        if not fits(settings.get(name, {}), dict):
            raise ConfigError(
                f'env_cfg.{name} must be a dict, got {settings[name]!r}'
            )
    processes = settings.get('mp_cfg', {})
    known = {*parameters(set_multi_processing)} - {'distributed'}
    refuse_unknown(processes, known, 'env_cfg.mp_cfg')
    methods = multiprocessing.get_all_start_methods()
    method = processes.get('mp_start_method', methods[0])
    if method not in methods:
        raise ConfigError(
            f'env_cfg.mp_cfg.mp_start_method must be one of '
            f'{", ".join(methods)}, got {method!r}'
        )
    timeout = settings.get('dist_cfg', {}).get('timeout')
    if not fits(timeout, float | None):
        raise ConfigError(
            f'env_cfg.dist_cfg.timeout must be a number (of seconds) or '
            f'None, got {timeout!r}'
        )


def check_log(cfg: Config) -> None:
    """Build what formats the log."""
    settings = cfg.get('log_processor') or {}
    with naming_the_key(settings, 'log_processor'):
        LOG_PROCESSORS.build({'type': 'LogProcessor', **settings})
    window = settings.get('window_size', 10)
    if not fits(window, int):
        raise ConfigError(
            f'log_processor.window_size must be a whole number, got {window!r}'
        )


def check_numbers_of_loaders(cfg: Config) -> None:
    """Refuse sizes of data loaders that torch takes and then trips over."""
    for split in ('train', 'val', 'test'):
        loader = cfg.get(f'{split}_dataloader') or {}
        workers = loader.get('num_workers', 0)
        if not fits(workers, int):
            raise ConfigError(
                f'{split}_dataloader.num_workers must be a whole number, got '
                f'{workers!r}'
            )
