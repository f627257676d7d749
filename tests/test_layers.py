"""Each package imports only what stands below it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden import ROOT

# from the ground up
PACKAGES = (
    'utils',
    'structures',
    'datasets',
    'models',
    'evaluation',
    'visualization',
    'engine',
    'config',
    'interop',
    'apis',
    'cli',
)
TOP = ROOT / 'cosa_mmseg'
FILES = {
    '.'.join(path.relative_to(ROOT).with_suffix('').parts): path
    for path in sorted(TOP.rglob('*.py'))
    if '.mim' not in path.parts
}


def imports(name: str, path: Path) -> Iterator[str]:
    """Dotted names of what a file imports of the project, wherever it does."""
    package = name.split('.')[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            stem = '.'.join(base) if node.level else ''
            module = '.'.join(filter(None, (stem, node.module)))
            yield from (f'{module}.{alias.name}' for alias in node.names)


def modules_of(name: str) -> str | None:
    """The file that an import runs: a module, or a package's own."""
    while name.startswith('cosa_mmseg'):
        for module in (name, f'{name}.__init__'):
            if module in FILES:
                return module
        name = name.rpartition('.')[0]
    return None


def runs(name: str, path: Path) -> set[str]:
    """The files that the imports of a file run, packages on the way too."""
    found = {modules_of(i) for i in imports(name, path)} - {None, name}
    own = {
        '.'.join(name.split('.')[:n]) for n in range(1, name.count('.') + 1)
    }
    for module in [*found]:
        parts = module.split('.')[:-1]
        packages = {'.'.join(parts[:n]) for n in range(2, len(parts) + 1)}
        found |= {f'{package}.__init__' for package in packages - own}
    return found - {name}


GRAPH = {name: runs(name, path) for name, path in FILES.items()}


def test_the_packages_are_those_of_the_plan():
    found = {name.split('.')[1] for name in FILES if name.count('.') > 1}
    assert found == set(PACKAGES)


@pytest.mark.parametrize('package', PACKAGES)
def test_a_package_imports_only_what_stands_below_it(package):
    below = {*PACKAGES[: PACKAGES.index(package) + 1], 'version'}
    for name, found in GRAPH.items():
        if name.startswith(f'cosa_mmseg.{package}.'):
            # whose import registers the parts
            others = found - {'cosa_mmseg.__init__', 'cosa_mmseg.parts'}
            upward = {i for i in others if i.split('.')[1] not in below}
            assert not upward, name


def test_no_module_imports_itself_over_others():
    done, path = set(), []

    def visit(name: str) -> None:
        assert name not in path, [*path[path.index(name) :], name]
        if name in done:
            return
        path.append(name)
        for other in sorted(GRAPH[name]):
            visit(other)
        path.pop()
        done.add(name)

    for name in GRAPH:
        visit(name)


@pytest.mark.parametrize(
    'path', sorted((ROOT / 'cosa_mmseg').rglob('*.py')), ids=lambda p: p.name
)
def test_a_file_can_be_read_at_one_go(path):
    assert len(path.read_text(encoding='utf-8').splitlines()) <= 350
