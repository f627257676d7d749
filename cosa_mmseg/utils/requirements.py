"""Says in one sentence which required packages are missing or too old.

Imports nothing but the standard library, so that it can run before the
packages that it looks for are imported.
"""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec


@dataclass(frozen=True)
class Requirement:
    """A package that ``cosa_mmseg`` imports.

    The OpenMMLab packages exist in two lines with the same import names: the
    maintained ``onedl-*`` packages and the originals.  Either will do.

    Attributes:
        module: Name by which it is imported.
        least: Least version that will do, of either line.
        install: What to give to pip where there is none.
        originals: Other distributions that provide the module.
    """

    module: str
    least: str
    install: str
    originals: tuple[str, ...] = ()

    def problem(self) -> tuple[str, str] | None:
        """What is wrong with the installed package.

        A module that no known distribution provides (a source tree on
        ``PYTHONPATH``) counts as new enough: to read its version would mean
        to import it.

        Returns:
            Nothing where all is well, else what is wrong and what to give to
            pip.
        """
        needed = f'{self.module}>={self.least}'
        maintained = self.install.partition('>=')[0]
        for name in (maintained, *self.originals):
            try:
                found = version(name)
            except PackageNotFoundError:
                continue
            if _release(found) >= _release(self.least):
                return None
            install = (
                f'{name}>={self.least}'
                if name in self.originals
                else self.install
            )
            return f'{needed}, found {found}', install
        if find_spec(self.module) is not None:
            return None
        return f'{needed}, found none', self.install


REQUIREMENTS = (
    Requirement('numpy', '1.23', 'numpy>=1.23'),
    Requirement('torch', '2.1', 'torch>=2.1'),
    Requirement('torchvision', '0.16', 'torchvision>=0.16'),
    Requirement('safetensors', '0.4', 'safetensors>=0.4'),
    Requirement(
        'mmengine',
        '0.10.7',
        'onedl-mmengine>=0.10.12',
        ('mmengine', 'mmengine-lite'),
    ),
    Requirement('mmcv', '2.1', 'onedl-mmcv>=2.3.6', ('mmcv', 'mmcv-lite')),
    Requirement(
        'mmseg', '1.2.2', 'onedl-mmsegmentation>=1.4.2', ('mmsegmentation',)
    ),
    Requirement(
        'mmpretrain', '1.2', 'onedl-mmpretrain>=1.3.6', ('mmpretrain',)
    ),
)


def check_requirements() -> None:
    """Checks that every required package is there and new enough.

    Raises:
        ImportError: If one is not, with the command that installs what is
            missing.
    """
    problems = [
        problem
        for requirement in REQUIREMENTS
        if (problem := requirement.problem())
    ]
    if problems:
        wrong = '; '.join(what for what, _ in problems)
        command = ' '.join(f'"{install}"' for _, install in problems)
        raise ImportError(f'cosa_mmseg needs {wrong}: pip install {command}')


def _release(found: str) -> tuple[int, ...]:
    """The leading numbers of a version: ``2.1.0rc1+cpu`` is (2, 1, 0)."""
    match = re.match(r'\d+(?:\.\d+)*', found)
    return tuple(map(int, match[0].split('.'))) if match else ()
