"""Say in one sentence which required packages are missing or do not fit.

Imports nothing but the standard library, so that it can run before the
packages that it looks for are imported.
"""

import re
from importlib.metadata import PackageNotFoundError, distributions, version
from importlib.util import find_spec

# What is imported, and what to give to pip for it.
REQUIREMENTS = {
    'numpy': 'numpy>=1.23',
    'torch': 'torch>=2.3',
    'torchvision': 'torchvision>=0.18',
    'safetensors': 'safetensors>=0.4',
    'mmengine': 'onedl-mmengine>=0.10.12',
    'mmcv': 'onedl-mmcv>=2.3.6',
    'mmseg': 'onedl-mmsegmentation>=1.4.2',
    'mmpretrain': 'onedl-mmpretrain>=1.3.6',
    'jinja2': 'jinja2>=3.1',
    'defusedxml': 'defusedxml>=0.7',
    'openpyxl': 'openpyxl>=3.1',
    'timm': 'timm>=1.0',
}


def check_requirements() -> None:
    """Check that every required package is there, fits and stands alone.

    A module that no package provides (a source tree on ``PYTHONPATH``) counts
    as fitting: to read its version would mean to import it.

    Raises:
        ImportError: If one does not, with the commands that install what is
            missing.
    """
    problems, unwanted = {}, []
    originals = _originals()
    for module, wanted in REQUIREMENTS.items():
        name, least = wanted.split('>=')
        found = _version(name)
        if beside := originals.get(module):
            shown = ' and '.join(map(' '.join, beside.items()))
            problems[wanted] = f'{shown} in its folder'
            unwanted += [*beside, name]
        elif found is None:
            if not _has_files(module):
                problems[wanted] = 'none'
        elif not _has_files(module):
            problems[wanted] = f'{found} without its files'
            unwanted.append(name)
        elif _release(found) < _release(least):
            problems[wanted] = found
    if problems:
        wrong = '; '.join(map(', found '.join, problems.items()))
        remove = f'pip uninstall --yes {" ".join(unwanted)} && '
        install = ' '.join(f'"{wanted}"' for wanted in problems)
        raise ImportError(
            f'cosa_mmseg needs {wrong}: {remove if unwanted else ""}'
            f'pip install {install}'
        )


def _originals() -> dict[str, dict[str, str]]:
    """Return the packages that share a folder with a ``onedl-`` one.

    The original OpenMMLab packages and their forks install folders of the
    same names: whichever came last has overwritten the other's files.

    Returns:
        Their versions by their names, by the module that they provide.
    """
    found: dict[str, dict[str, str]] = {}
    for package in distributions():
        for module in (package.read_text('top_level.txt') or '').split():
            if not REQUIREMENTS.get(module, '').startswith('onedl'):
                continue
            name = package.metadata['Name']
            # What a broken removal leaves behind has a name that is not found.
            number = name and _version(name)
            if number and not name.startswith('onedl'):
                found.setdefault(module, {})[name] = number
    return found


def _has_files(module: str) -> bool:
    """Return whether there is more of a module than an empty folder."""
    spec = find_spec(module)
    return spec is not None and spec.origin is not None


def _version(name: str) -> str | None:
    """Return the version of an installed package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _release(found: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: (2, 1, 0) of 2.1.0rc1+cpu."""
    match = re.match(r'\d+(?:\.\d+)*', found)
    return tuple(map(int, match[0].split('.'))) if match else ()
