"""Check settings without building what they are of."""

import logging
import multiprocessing
import os
import os.path as osp
import re
from collections.abc import Collection, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.registry import LOG_PROCESSORS, LOOPS, Registry, root
from mmengine.runner import Runner
from mmengine.utils.dl_utils import set_multi_processing

from cosa_mmseg.engine.loops.total_batch_train_loop import batches_per_step
from cosa_mmseg.utils.config_errors import (
    PACKAGE,
    ConfigError,
    dicts_in,
    did_you_mean,
    join,
    naming_the_key,
    registered_names,
)
from cosa_mmseg.utils.config_parameters import (
    annotations,
    describe,
    fits,
    parameters,
    takes_any,
)

# where mmengine's launchers say how many processes there are
_COUNT_VARIABLES = {
    'none': '',
    'pytorch': 'WORLD_SIZE',
    'slurm': 'SLURM_NTASKS',
    'mpi': 'OMPI_COMM_WORLD_SIZE',
}
# mmengine takes any number here, and trains nothing
_COUNTS = ('max_iters', 'max_epochs', 'val_interval')


def refuse_unknown(
    settings: Mapping, known: Collection[str], path: str, of: str = ''
) -> None:
    """Refuse a setting that nothing reads.

    Args:
        settings: Of the part at ``path``.
        known: Names that are read.
        path: Dotted.
        of: Who reads them, for the message.

    Raises:
        ConfigError: It names the setting, and names that come close.
    """
    for name in settings:
        if name not in known:
            raise ConfigError(
                f'{join(path, name)}={settings[name]!r} is no '
                f'{f"argument of {of}" if of else "setting"}'
                + did_you_mean(name, known)
            )


# types of what mmengine or torch takes, and trips over when it is used
_KINDS: dict[str, Any] = {
    'model|train_dataloader|train_cfg|optim_wrapper|env_cfg': dict,
    'randomness|auto_scale_lr': dict | None,
    'randomness.seed': int | None,
    r'env_cfg\.(mp|dist)_cfg': dict,
    r'env_cfg\.dist_cfg\.timeout': float | None,
    r'log_processor\.window_size': int,
    r'\w+_dataloader\.num_workers': int,
    'load_from': str | None,
    r'optim_wrapper\.optimizer': dict,
    r'optim_wrapper\.optimizer\.(lr|weight_decay)': float,
    r'optim_wrapper\.(clip_grad|paramwise_cfg)': dict | None,
    r'optim_wrapper\.paramwise_cfg\.(.+\.)?\w+_mult': float,
    r'optim_wrapper\.paramwise_cfg\.custom_keys(\.[^.]+)?': dict,
    'param_scheduler': dict | list[dict] | None,
}
# what the runner reads of env_cfg
_ENVIRONMENT = {'cudnn_benchmark', 'dist_cfg', 'mp_cfg', 'resource_limit'}


def refuse_other_kind(key: str, value: Any, kind: Any) -> None:
    """Refuse a value that is not of an annotated type."""
    if not fits(value, kind):
        raise ConfigError(f'{key} must be {describe(kind)}, got {value!r}')


def check_types(cfg: Config) -> None:
    """Compare settings with their types.

    These are those of the arguments of this project's classes, and `_KINDS`.
    """
    parts = {
        name: part
        for registry in vars(root).values()
        if isinstance(registry, Registry)
        for name, part in registry.module_dict.items()
        if part.__module__.split('.')[0] == PACKAGE
    }
    for path, node in dicts_in(cfg.to_dict()):
        kind = node.get('type')
        part = parts.get(kind) if isinstance(kind, str) else None
        wanted = annotations(part, PACKAGE) if part else {}
        for name, value in node.items():
            key = join(path, name)
            kinds = [k for p, k in _KINDS.items() if re.fullmatch(p, key)]
            for kind in [wanted[name]] if name in wanted else kinds:
                refuse_other_kind(key, value, kind)


def check_run(cfg: Config) -> None:
    """Check what the runner reads before it builds anything."""
    level = cfg.get('log_level', 'INFO')
    if not isinstance(logging.getLevelName(level), int):
        raise ConfigError(
            f"log_level must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR', got "
            f'{level!r}'
        )
    randomness, environment = cfg.get('randomness'), cfg.get('env_cfg', {})
    processes = environment.get('mp_cfg', {})
    for path, settings, known in (
        ('randomness', randomness or {}, parameters(Runner.set_randomness)),
        ('env_cfg', environment, _ENVIRONMENT),
        ('env_cfg.mp_cfg', processes, parameters(set_multi_processing)),
    ):
        refuse_unknown(settings, known, path)
    if ((randomness or {}).get('seed') or 0) < 0:
        raise ConfigError(
            f'randomness.seed must be at least 0 or None, got '
            f'{randomness["seed"]!r}'
        )
    methods = multiprocessing.get_all_start_methods()
    method = processes.get('mp_start_method', methods[0])
    if method not in methods:
        raise ConfigError(
            f'env_cfg.mp_cfg.mp_start_method must be one of '
            f'{", ".join(methods)}, got {method!r}'
        )
    scaling = cfg.get('auto_scale_lr') or {}
    if scaling.get('enable') and 'base_batch_size' not in scaling:
        raise ConfigError(
            'auto_scale_lr.base_batch_size is missing: the batch that the '
            'rate is meant for'
        )


def check_log(cfg: Config) -> None:
    """Build what formats the log."""
    settings = cfg.get('log_processor') or {}
    with naming_the_key(settings, 'log_processor'):
        LOG_PROCESSORS.build({'type': 'LogProcessor', **settings})


def check_files(cfg: Config) -> None:
    """Refuse a file of weights that is not there."""
    files = {
        join(path, 'checkpoint'): node.get('checkpoint')
        for path, node in dicts_in(cfg.to_dict()['model'], 'model')
        if node.get('type') == 'Pretrained'
    }
    for path, file in {**files, 'load_from': cfg.get('load_from')}.items():
        refuse_other_kind(path, file, str | None)
        local = file and '://' not in file
        if local and not osp.isfile(osp.expanduser(file)):
            raise ConfigError(
                f'{path}={file!r} is no file: set it to a file of weights '
                '(pretrained ones of other projects are made fit by `cosa '
                'convert`, see docs/recipes.md), or set what loads it to None'
            )


def check_loop(loop: Any, path: str) -> None:
    """Refuse arguments that a loop, which needs a runner, does not take."""
    if not isinstance(loop, dict) or 'type' not in loop:
        return
    part = registered(LOOPS, loop['type'], f'{path}.type')
    if not takes_any(part):
        refuse_unknown(loop, {'type', *parameters(part)}, path, loop['type'])
    types = annotations(part, 'mmengine')
    for name in loop.keys() & types.keys() - {*_COUNTS}:
        refuse_other_kind(join(path, name), loop[name], types[name])
    for name in _COUNTS:
        count = loop.get(name, 1)
        if not fits(count, float) or count < 1 or count != int(count):
            raise ConfigError(
                f'{path}.{name} must be a whole number of at least 1, got '
                f'{count!r}'
            )


def registered(registry: Registry, name: Any, key: str) -> Any:
    """Return a registered part, or what its name stands for.

    Raises:
        ConfigError: The key has a name that is not registered.
    """
    part = registry.get(name) if isinstance(name, str) else name
    if part is None:
        raise ConfigError(
            f'{key}={name!r} is no registered {registry.name}'
            + did_you_mean(name, registered_names(registry))
        )
    return part


def log_warmup(cfg: Config, logger: logging.Logger) -> None:
    """Say in the log that a training ends before its co-training begins.

    It is a warning, unless the warm-up and the training are equally long,
    which trains the classification alone on purpose.
    """
    warmup = (cfg.model.get('train_cfg') or {}).get('warmup_iters', 0)
    end = cfg.train_cfg.get('max_iters')
    if end is None or isinstance(warmup, float) or warmup < end:
        return
    logger.log(
        logging.INFO if warmup == end else logging.WARNING,
        f'model.train_cfg.warmup_iters={warmup} is not below train_cfg.'
        f'max_iters={end}: only the classification and its CAMs are trained, '
        'and the scores of the segmentation (mIoU) are those of an untrained '
        'head; a shorter training needs a shorter warm-up',
    )


def check_total_batch(cfg: Config) -> None:
    """See that the batches of all processes make the total."""
    total = cfg.train_cfg.get('total_batch_size')
    per_process = cfg.train_dataloader.get('batch_size')
    if not isinstance(total, int) or not isinstance(per_process, int):
        return
    variable = _COUNT_VARIABLES.get(cfg.get('launcher', 'none'), '')
    with naming_the_key(cfg):
        batches_per_step(
            total,
            per_process,
            int(os.environ.get(variable, 1)),
            cfg.optim_wrapper.get('accumulative_counts', 1),
        )
