"""Models of configs that came with a file."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.model import BaseModel
from mmengine.registry import MODELS, Registry, init_default_scope, root
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_buffer_registration_hook,
    register_module_parameter_registration_hook,
)

from cosa_mmseg.utils.config_errors import ConfigError, join, naming_the_key

from .isolation import isolated

# Where weights come from, which the state in the file replaces
_WEIGHTS = ('init_cfg', 'pretrained', 'checkpoint', 'checkpoint_path', 'file')
_PLACE = re.compile(r'[/:]|^~|^\\\\')  # paths, addresses, hf-hub:name
# Networks make weights that they replace
_MAX_GROWTH, _ALWAYS = 4, 1 << 20


def build_model(config: dict, scope: Any, state_size: int) -> BaseModel:
    """Build the model of a config that is not trusted.

    Nothing is imported, fetched or read, and no part is built that is not
    registered. Weights are random: where they came from is left out.

    Args:
        config (dict): The model, as plain data.
        scope (Any): The config's ``default_scope``.
        state_size (int): Numbers in its state, which bound its size.

    Raises:
        ConfigError: It cannot be built so; the message has the key.
    """
    config = _without_weights(config)
    check_names(config)
    if scope not in _scopes():
        raise ConfigError(
            f'default_scope={scope!r} in the config of the dump is not one of '
            f'{", ".join(_scopes())}'
        )
    for registry in _tree(MODELS):
        registry.import_from_location()  # now, not at the first use
    init_default_scope(scope)
    try:
        with naming_the_key(config, 'model'), isolated(), _limited(state_size):
            model = MODELS.build(config)
    except ConfigError:
        raise
    except Exception as err:  # whatever constructors raise for odd values
        raise ConfigError(f'model: {type(err).__name__}: {err}') from err
    if not isinstance(model, BaseModel):
        raise ConfigError(
            f'model is a {type(model).__name__}, which has no losses'
        )
    return model


def _without_weights(config: Any) -> Any:
    """Return a config without compilation and without files of weights."""
    if isinstance(config, dict):
        return {
            key: _without_weights(value)
            for key, value in config.items()
            if key not in ('compile', *_WEIGHTS)
        }
    if isinstance(config, list | tuple):
        return type(config)(map(_without_weights, config))
    return config


def check_names(config: Any) -> None:
    """Raise unless texts in a config name registered parts, or plain values.

    mmengine imports what a ``type`` or a scope names, and some parts take a
    dotted name of any function, a path or an address.

    Args:
        config (Any): The model's config, as plain data.

    Raises:
        ConfigError: If there is another text.
    """
    known = {name for names in _registries() for name in names.module_dict}
    for path, key, value in _items(config, 'model'):
        where = f'{join(path, key)}={value!r:.200} in the config of the dump'
        if key == '_scope_' and value not in _scopes():
            raise ConfigError(f'{where} is not one of {", ".join(_scopes())}')
        text = value if isinstance(value, str) else ''
        if key != 'type' and not _is_code(text):
            if _PLACE.search(text):
                raise ConfigError(
                    f'{where} could be a file or an address, and none is read'
                )
            continue
        scope, _, last = text.rpartition('.')
        if last not in known or scope not in ('', *_scopes()):
            raise ConfigError(
                f'{where} is not registered, and could run any code: if you '
                'know the dump, name the module that registers it with '
                '--import'
            )


def _items(config: Any, path: str) -> Iterator[tuple[str, str | int, Any]]:
    """All values of dicts and lists in a config, with path and key."""
    pairs: Any = ()
    if isinstance(config, dict):
        pairs = config.items()
    elif isinstance(config, list | tuple):
        pairs = enumerate(config)
    for key, value in pairs:
        yield path, key, value
        yield from _items(value, join(path, key))


def _is_code(text: str) -> bool:
    """Whether a text is the dotted name of something in a module."""
    module, dot, _ = text.partition('.')
    return bool(dot) and module in sys.modules


def _scopes() -> list[str]:
    """Return the packages that have registered parts."""
    return sorted({'cosa_mmseg', 'mmcv', *(r.scope for r in _registries())})


def _registries() -> Iterator[Registry]:
    """All registries of mmengine, and those below them."""
    for registry in vars(root).values():
        if isinstance(registry, Registry):
            yield from _tree(registry)


def _tree(registry: Registry) -> Iterator[Registry]:
    yield registry
    for child in registry.children.values():
        yield from _tree(child)


@contextmanager
def _limited(size: int) -> Iterator[None]:
    """Raise a ``ValueError`` where networks get larger than their state."""
    left = _ALWAYS + _MAX_GROWTH * size

    def count(module: nn.Module, name: str, tensor: Tensor | None) -> None:
        nonlocal left
        left -= 0 if tensor is None else tensor.numel()
        if left < 0:
            raise ValueError('it is much larger than its state')

    hooks = [
        register_module_buffer_registration_hook(count),
        register_module_parameter_registration_hook(count),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
