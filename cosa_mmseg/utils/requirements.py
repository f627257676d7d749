"""Says in one sentence which required packages are missing or do not fit.

Imports nothing but the standard library, so that it can run before the
packages that it looks for are imported.
"""

import re
from dataclasses import dataclass
from importlib.metadata import (
    PackageNotFoundError,
    packages_distributions,
    version,
)
from importlib.util import find_spec


@dataclass(frozen=True)
class Requirement:
    """A package that ``cosa_mmseg`` imports.

    The OpenMMLab packages exist in two lines with the same import names: the
    maintained ``onedl-*`` packages and the originals.  Either will do, not a
    mixture.

    Attributes:
        module: Name by which it is imported.
        maintained: What to give to pip on the maintained line.
        original: What to give to pip on the original line, where it differs.
    """

    module: str
    maintained: str
    original: str = ''

    def of_line(self, original: bool) -> str:
        """What to give to pip on this line."""
        return original and self.original or self.maintained

    def problem(self, original: bool) -> str | None:
        """What is installed in place of what the line asks for.

        A module that no package provides (a source tree on ``PYTHONPATH``)
        counts as fitting: to read its version would mean to import it.

        Returns:
            Nothing where all is well.
        """
        wanted = self.of_line(original)
        found = _version(_name(wanted))
        if found is not None:
            return None if _fits(found, wanted) else found
        if find_spec(self.module) is None:
            return 'none'
        others = packages_distributions().get(self.module)
        return others[0] if others else None


REQUIREMENTS = (
    Requirement('numpy', 'numpy>=1.23'),
    # Older torch does not know numpy 2, which onedl-mmsegmentation asks for.
    Requirement('torch', 'torch>=2.3', 'torch>=2.1'),
    Requirement('torchvision', 'torchvision>=0.18', 'torchvision>=0.16'),
    Requirement('safetensors', 'safetensors>=0.4'),
    Requirement('mmengine', 'onedl-mmengine>=0.10.12', 'mmengine>=0.10.7'),
    # mmseg 1.2 refuses mmcv 2.2.
    Requirement('mmcv', 'onedl-mmcv>=2.3.6', 'mmcv>=2.1,<2.2'),
    Requirement(
        'mmseg', 'onedl-mmsegmentation>=1.4.2', 'mmsegmentation>=1.2.2'
    ),
    Requirement('mmpretrain', 'onedl-mmpretrain>=1.3.6', 'mmpretrain>=1.2'),
)


def check_requirements() -> None:
    """Checks that every required package is there and fits.

    Raises:
        ImportError: If one does not, with the command that installs what is
            missing.
    """
    original = _on_original_line()
    problems = {
        requirement.of_line(original): found
        for requirement in REQUIREMENTS
        if (found := requirement.problem(original))
    }
    torch, numpy = _version('torch'), _version('numpy')
    old_torch = original and torch and _fits(torch, '<2.3')
    if old_torch and numpy and _fits(numpy, '>=2'):
        problems['numpy<2'] = f'{numpy} beside torch {torch}'
    if problems:
        wrong = '; '.join(
            f'{wanted}, found {found}' for wanted, found in problems.items()
        )
        command = ' '.join(f'"{wanted}"' for wanted in problems)
        raise ImportError(f'cosa_mmseg needs {wrong}: pip install {command}')


def _on_original_line() -> bool:
    """Whether there are original OpenMMLab packages and no maintained one."""
    pairs = [r for r in REQUIREMENTS if r.maintained.startswith('onedl-')]
    return any(_version(_name(r.original)) for r in pairs) and not any(
        _version(_name(r.maintained)) for r in pairs
    )


def _name(wanted: str) -> str:
    """``mmcv`` of ``mmcv>=2.1,<2.2``."""
    return re.split('[<>]', wanted, maxsplit=1)[0]


def _version(name: str) -> str | None:
    """Version of an installed package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _fits(found: str, wanted: str) -> bool:
    """Whether a version is within the bounds (``>=``, ``<``) asked for."""
    return all(
        (_release(found) >= _release(bound)) == (sign == '>=')
        for sign, bound in re.findall(r'(>=|<)([\d.]+)', wanted)
    )


def _release(found: str) -> tuple[int, ...]:
    """The leading numbers of a version: ``2.1.0rc1+cpu`` is (2, 1, 0)."""
    match = re.match(r'\d+(?:\.\d+)*', found)
    return tuple(map(int, match[0].split('.'))) if match else ()
