"""Settings that can be checked without building what they are of."""

import logging
import os
import os.path as osp
from collections.abc import Collection, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.registry import LOOPS, Registry, root

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


def check_types(cfg: Config) -> None:
    """Compare arguments of this project's classes with their types."""
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
        for name, wanted in annotations(part, PACKAGE).items() if part else ():
            if name in node and not fits(node[name], wanted):
                raise ConfigError(
                    f'{join(path, name)} must be {describe(wanted)}, got '
                    f'{node[name]!r}'
                )


def check_files(cfg: Config) -> None:
    """Refuse a file of weights that is not there."""
    files = {
        join(path, 'checkpoint'): node.get('checkpoint')
        for path, node in dicts_in(cfg.to_dict()['model'], 'model')
        if node.get('type') == 'Pretrained'
    }
    for path, file in {**files, 'load_from': cfg.get('load_from')}.items():
        if not fits(file, str | None):
            raise ConfigError(f'{path} must be a string or None, got {file!r}')
        local = isinstance(file, str) and '://' not in file
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
        if not fits(loop[name], types[name]):
            raise ConfigError(
                f'{path}.{name} must be {describe(types[name])}, got '
                f'{loop[name]!r}'
            )
    for name in _COUNTS:
        count = loop.get(name, 1)
        if not fits(count, float) or count < 1 or count != int(count):
            raise ConfigError(
                f'{path}.{name} must be a whole number of at least 1, got '
                f'{count!r}'
            )


def registered(registry: Registry, name: Any, key: str) -> Any:
    """A registered part, or what its name stands for.

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
