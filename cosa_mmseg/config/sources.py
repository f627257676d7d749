"""The numbers of a config, and where they come from.

A config says the source of a number in a comment: on its line, or above or
behind the beginning of a part, for all numbers of the part that have none. The
first lines of a file may have ``# Source: ...`` for all in it.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from cosa_mmseg.utils.config_errors import join

# what makes a comment one of a source
_SOURCE = re.compile(r'\b(paper|released|ours|mmseg|timm)\b')
# beginnings of the keys of the method
_PARTS = (
    *(
        'model.',
        'train_dataloader.batch_size.',
        'train_dataloader.dataset.pipeline.',
    ),
    *('optim_wrapper.', 'param_scheduler.', 'train_cfg.', 'custom_hooks.'),
    'tta_cfg.',
)


def list_numbers(cfg: Config, path: str) -> list[tuple[str, Any, str]]:
    """List the numbers of the method.

    Args:
        cfg: The config, maybe with settings of a command line.
        path: Its file.

    Returns:
        list[tuple]: Dotted key, number or list of numbers, and source: the
        comment or the word of it that says so; '-': none does.
    """
    sources = read_sources(path)
    written = dict(_numbers(Config.fromfile(path).to_dict()))
    found = []
    for key, value in _numbers(cfg.to_dict()):
        if f'{key}.'.startswith(_PARTS):
            given = written.get(key, value) != value
            source = 'command line' if given else _nearest(sources, key)
            found.append((key, value, source))
    return found


def _nearest(sources: dict[str, str], key: str) -> str:
    """Return the source of a key, or of the innermost part that has one."""
    while key and key not in sources:
        key = key.rpartition('.')[0]
    return sources.get(key, '-')


def _numbers(node: Any, path: str = '') -> Iterator[tuple[str, Any]]:
    """Yield the numbers in a part of a config, and lists of them."""
    if _is_number(node):
        yield path, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _numbers(value, join(path, key))
    elif isinstance(node, list | tuple):
        if node and all(map(_is_number, node)):
            yield path, node
            return
        for index, value in enumerate(node):
            yield from _numbers(value, join(path, index))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def read_sources(path: str | Path) -> dict[str, str]:
    """Return the sources that a config and its bases state, by dotted key."""
    found: dict[str, str] = {}
    if Path(path).suffix == '.py':
        _File(Path(path), found)
    return {key: source for key, source in found.items() if source}


class _Value(NamedTuple):
    """An expression in a config, and the line where it begins."""

    file: '_File'
    node: ast.expr
    line: int

    @property
    def items(self) -> 'list[_Value]':
        """list[_Value]: Items of a list, also of lists unpacked in it."""
        if not isinstance(self.node, ast.List | ast.Tuple):
            return []
        found = []
        for node in self.node.elts:
            if isinstance(node, ast.Starred):
                found += self.file.value(node.value, node.lineno).items
            else:
                found.append(self.file.value(node, node.lineno))
        return found

    @property
    def entries(self) -> 'Iterator[tuple[str, _Value]]':
        """Iterator: Entries of a dict, written with or without ``dict()``."""
        if isinstance(self.node, ast.Call):
            for keyword in self.node.keywords:
                if keyword.arg:
                    value = self.file.value(keyword.value, keyword.lineno)
                    yield keyword.arg, value
        elif isinstance(self.node, ast.Dict):
            for key, node in zip(
                self.node.keys, self.node.values, strict=True
            ):
                name = ast.literal_eval(key) if key else ''
                yield name, self.file.value(node, node.lineno)

    @property
    def source(self) -> str:
        """str: What the comments at the value say of its source."""
        holds_parts = any(
            isinstance(node, ast.Call | ast.Starred)
            for node in ast.walk(self.node)
        )
        last = None if holds_parts else self.node.end_lineno
        return self.file.source_between(self.line, last or self.line)


class _File:
    """A config as text; it notes the sources of what it and its bases set."""

    def __init__(self, path: Path, found: dict[str, str]) -> None:
        text = path.read_text(encoding='utf-8')
        self.comments: dict[int, str] = {}
        self.alone: set[int] = set()  # lines that are comments
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                line = token.start[0]
                self.comments[line] = token.string.strip('# ')
                if token.line.lstrip().startswith('#'):
                    self.alone.add(line)
        head = '\n'.join(self._block(1, 1))
        of_all = re.search(r'^Source: (.+)$', head, re.MULTILINE)
        self.variables: dict[str, _Value] = {}
        for node in ast.parse(text).body:
            if not isinstance(node, ast.Assign):
                continue
            for target in node.targets:
                name = ast.unparse(target)
                value = self.value(node.value, node.lineno)
                if name == '_base_':
                    self._read_bases(path, ast.literal_eval(node.value), found)
                else:
                    _note(found, name, value, of_all[1] if of_all else '')
                    self.variables[name] = value

    def _read_bases(self, path: Path, bases: Any, found: dict) -> None:
        """Read the bases, whose variables are known by ``_base_.<name>``."""
        for base in [bases] if isinstance(bases, str) else bases:
            variables = _File(path.parent / base, found).variables
            for name, value in variables.items():
                self.variables[f'_base_.{name}'] = value
                self.variables.setdefault(name, value)

    def _block(self, line: int, step: int) -> Iterator[str]:
        """Yield a block of comments, from a line on."""
        while line in self.alone:
            yield self.comments[line]
            line += step

    def value(self, node: ast.expr, line: int) -> _Value:
        """Return a value, that of a variable in the place of its name."""
        known = self.variables.get(ast.unparse(node))
        return known or _Value(self, node, line)

    def source_between(self, first: int, last: int) -> str:
        """Return what comments in, or above, some lines say of a source."""
        for line in range(first, last + 1):
            comment = self.comments.get(line, '')
            if line not in self.alone and _SOURCE.search(comment):
                return comment
        above = [*self._block(first - 1, -1)][::-1]
        for comment in above:  # the file's first lines, above its first value
            if comment.startswith('Source: '):
                return comment.removeprefix('Source: ')
        found = _SOURCE.search(' '.join(above))
        return found[1] if found else ''


def _note(
    found: dict[str, str], path: str, value: _Value, outer: str = ''
) -> None:
    """Note the source of a value and of all that is in it.

    Args:
        found: Sources by dotted key; those of what is replaced are dropped.
        path: Dotted key of the value.
        value: It.
        outer: Source of the part that it is in.
    """
    source = value.source or outer
    entries = dict(value.entries)
    arguments = value.node.args if isinstance(value.node, ast.Call) else []
    if '_delete_' in entries or not (entries or arguments):
        for key in [k for k in found if k.startswith(f'{path}.')]:
            del found[key]
    found[path] = source
    for node in arguments:  # dict(other, ...)
        _note(found, path, value.file.value(node, node.lineno), source)
    for name, inner in entries.items():
        _note(found, join(path, name), inner, source)
    for index, item in enumerate(value.items):
        _note(found, join(path, index), item, source)
