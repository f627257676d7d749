"""Find a config file by its path or by its name."""

import difflib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
# an installed package carries its configs in `.mim`, a checkout beside it
CONFIG_FOLDERS = (PACKAGE / '.mim' / 'configs', PACKAGE.parent / 'configs')

WEIGHTS = ('.safetensors', '.pth')
_SUFFIXES = ('.py', '.json', '.yaml', '.yml')


def find_config(name: str) -> str:
    """Return the path of a config: a file, or one of this project's.

    Args:
        name: A path, taken as it is where it exists; else the path below the
            project's ``configs`` folder, with or without ``configs/`` before
            it and ``.py`` behind it, or the file's name alone.

    Returns:
        Path of an existing file.

    Raises:
        FileNotFoundError: If there is none, with the names that come close.
        ValueError: The file is no config.
    """
    if Path(name).is_file():
        if Path(name).suffix not in _SUFFIXES:
            raise ValueError(
                f'{name} is no config: its suffix must be '
                f'{", ".join(_SUFFIXES)}; the config comes first, then the '
                'checkpoint'
            )
        return name
    if not name or Path(name).is_dir():
        raise FileNotFoundError(
            f'{name!r} is no config, but '
            f'{"a folder: name the config in it" if name else "empty"}'
        )
    wanted = Path(name).with_suffix('.py')
    if wanted.parts[0] == 'configs':
        wanted = wanted.relative_to('configs')
    configs = _packaged_configs()
    for relative, path in configs.items():
        if wanted == relative or str(wanted) == relative.name:
            return str(path)
    known = [str(relative) for relative in configs]
    close = difflib.get_close_matches(str(wanted), known, n=3, cutoff=0.5)
    raise FileNotFoundError(
        f'no config {name!r}, neither as a file nor below '
        f'{" or ".join(str(folder) for folder in CONFIG_FOLDERS)}'
        + (f'; did you mean {" or ".join(close)}?' if close else '')
    )


def weights_beside(config: str) -> str | None:
    """Return the weights that lie beside a config, under its name.

    Args:
        config: As of :func:`find_config`.

    Returns:
        Path of an existing file; None if there is none, or no such config.
    """
    try:
        path = Path(find_config(config))
    except (FileNotFoundError, ValueError):
        return None
    found = (path.with_suffix(suffix) for suffix in WEIGHTS)
    return next((str(file) for file in found if file.is_file()), None)


def packaged_folder() -> Path:
    """Return the folder of this project's configs."""
    return next(folder for folder in CONFIG_FOLDERS if folder.is_dir())


def _packaged_configs() -> dict[Path, Path]:
    """Return all configs but the bases, by their path below the folder."""
    return {
        path.relative_to(folder): path
        for folder in CONFIG_FOLDERS
        for path in sorted(folder.rglob('*.py'))
        if '_base_' not in path.parts
    }
