"""One sentence for what is wrong with a config: key, value, what is allowed.

The parts of a model refuse values with the names of their arguments. Where in
the config that was is found in the calls of mmengine that were building them.
"""

import difflib
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry, build_from_cfg

from .config_parameters import parameters

PACKAGE = __name__.split('.')[0]
# what constructors raise for what they are given
_KINDS = (
    AssertionError,
    ImportError,
    LookupError,
    OSError,
    TypeError,
    ValueError,
)


class ConfigError(ValueError):
    """A config cannot be used; the message is one sentence with the key."""


@contextmanager
def naming_the_key(cfg: Any, path: str = '') -> Iterator[None]:
    """Build a part of a config in this block to have its faults named.

    Args:
        cfg: The part: a dict, a list of dicts, or a whole config.
        path: Its dotted path in the config. Defaults to '', the whole config.

    Raises:
        ConfigError: In the place of an error of the kinds that constructors
            raise for their arguments.
    """
    try:
        yield
    except ConfigError:
        raise
    except _KINDS as err:
        cfg = cfg.to_dict() if isinstance(cfg, Config) else cfg
        raise ConfigError(_sentence(err, cfg, path)) from err


def join(path: str, key: str | int) -> str:
    """A dotted path, as ``--cfg-options`` has it."""
    return f'{path}.{key}' if path else str(key)


def dicts_in(node: Any, path: str = '') -> Iterator[tuple[str, dict]]:
    """All dicts of a part of a config with their paths, outer ones first."""
    if isinstance(node, dict):
        yield path, node
    if isinstance(node, dict | list | tuple):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            yield from dicts_in(value, join(path, key))


def did_you_mean(name: str, known: Any) -> str:
    """The end of a sentence, with names that come close, if any do."""
    close = difflib.get_close_matches(name, [*known], n=3, cutoff=0.6)
    return f'; did you mean {" or ".join(close)}?' if close else ''


def _sentence(err: Exception, cfg: Any, path: str) -> str:
    """What is wrong, and where."""
    frames = [
        frame
        for frame, _ in traceback.walk_tb(err.__traceback__)
        if frame.f_code is build_from_cfg.__code__
        and isinstance(frame.f_locals['cfg'], dict)
    ]
    text = _text(err)
    where, node = _locate(frames, cfg, path, text)
    if frames and (found := _registry_text(frames[-1], where)):
        return found
    if found := _argument_text(text, frames, where, node):
        return found
    if isinstance(err, KeyError) and re.fullmatch(r'\w+', text):
        return f'{where or "the config"} lacks {text!r}'
    return _prefixed(where, node, text + _settings(err, text, where, node))


def _locate(
    frames: list[FrameType], node: Any, path: str, text: str
) -> tuple[str, Any]:
    """The innermost dict that was being built, with its path.

    Those who build a part may add arguments to its dict, and change some that
    the text is not about.
    """
    about = _first_word(text)
    for frame in frames:
        built = frame.f_locals['cfg']
        parts = [
            (inner_path, inner)
            for inner_path, inner in dicts_in(node, path)
            if inner == built
            or ('type' in inner and inner.keys() <= built.keys())
        ]
        equal = [
            (inner_path, inner)
            for inner_path, inner in parts
            if all(inner[key] == built[key] for key in inner)
        ]
        alike = [
            (inner_path, inner)
            for inner_path, inner in parts
            if about in inner
            and all(
                inner.get(key) == built.get(key) for key in ('type', about)
            )
        ]
        path, node = [*equal, *alike, (path, node)][0]
    return path, node


def _registry_text(frame: FrameType, where: str) -> str | None:
    """The text where a part has no type, or one that is not registered."""
    local = frame.f_locals
    if 'type' not in local['cfg']:
        return f'{where} must have a `type`, got {dict(local["cfg"])}'
    if 'obj_cls' not in local or local['obj_cls'] is not None:
        return None
    name = local['obj_type']
    return (
        f'{join(where, "type")}={name!r} is no registered '
        f'{local["registry"].name}'
        + did_you_mean(name, registered_names(local['registry']))
    )


def registered_names(registry: Registry) -> set[str]:
    """Names in a registry and in those around it."""
    names: set[str] = set()
    outer: Registry | None = registry
    while outer is not None:
        names.update(outer.module_dict)
        outer = outer.parent
    return names


def _argument_text(
    text: str, frames: list[FrameType], where: str, node: Any
) -> str | None:
    """The text where an argument is unknown or missing."""
    unknown = re.search(r"unexpected keyword argument '(\w+)'", text)
    if unknown and isinstance(node, dict) and unknown[1] in node:
        name = unknown[1]
        built = frames[-1].f_locals.get('obj_cls') if frames else None
        known = parameters(built) if built else {*node} - {name}
        of = f' of {built.__name__}' if built else ''
        return (
            f'{join(where, name)}={node[name]!r} is no argument{of}'
            + did_you_mean(name, known)
        )
    missing = re.search(r'missing \d+ required .* arguments?: (.*)', text)
    return f'{where} lacks {missing[1]}' if missing else None


def _settings(err: Exception, text: str, where: str, node: Any) -> str:
    """The settings, where the words of another package do not name them."""
    *_, frame = traceback.walk_tb(err.__traceback__)
    module = frame[0].f_globals.get('__name__', '')
    known = not where or module.startswith(PACKAGE)
    if known or not isinstance(node, dict):
        return ''
    words = set(re.findall(r'\w+', text))
    if isinstance(err, AssertionError):
        shown = {k: v for k, v in node.items() if k in words}
    else:
        shown = {} if words & {*node} else {**node}
    plain = [
        f'{key}={value!r}'
        for key, value in shown.items()
        if key != 'type' and not isinstance(value, dict)
    ]
    return f' (with {", ".join(plain)})' if plain else ''


def _text(err: Exception) -> str:
    """The message of an error, in one line."""
    text = str(err.args[0]) if isinstance(err, KeyError) else str(err)
    if not text.strip():  # assert, without a message
        line = traceback.extract_tb(err.__traceback__)[-1].line
        text = f'{type(err).__name__} at `{line}`'
    return ' '.join(text.split())


def _prefixed(where: str, node: Any, text: str) -> str:
    """A text behind its path, joined to it where it starts with a key."""
    first = _first_word(text)
    outer, _, last = where.rpartition('.')
    if first == last and text.startswith(f'{last}.'):
        return join(outer, text)
    if isinstance(node, dict) and first in node:
        return join(where, text)
    return f'{where}: {text}' if where else text


def _first_word(text: str) -> str:
    match = re.match(r'\w+', text)
    return match[0] if match else ''
