"""Image files below a folder, and lists of their names."""

import os.path as osp
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePath
from unicodedata import normalize

import mmengine.fileio as fileio
from torchvision.datasets.folder import IMG_EXTENSIONS

# Those that are not read are listed, too: left out, nobody would miss them.
IMAGE_SUFFIXES = (*IMG_EXTENSIONS, '.gif', '.jfif', '.heic', '.heif', '.avif')


def decode(data: bytes) -> str:
    """UTF-8 text, with or without a byte order mark.

    Raises:
        ValueError: The bytes are no such text; starts with the line.
    """
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError as err:
        line = err.object.count(b'\n', 0, err.start) + 1
        raise ValueError(
            f'line {line}: byte 0x{err.object[err.start]:02x} is not UTF-8; '
            'save the file as UTF-8'
        ) from err


def read_image_list(path: str, backend_args: dict | None = None) -> list[str]:
    """The lines of an image list, without blank ones.

    Args:
        path: The text file, UTF-8.
        backend_args: Where mmengine's file client finds it.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It lists nothing, or is not UTF-8.
    """
    try:
        lines = decode(fileio.get(path, backend_args)).split('\n')
    except (FileNotFoundError, IsADirectoryError) as err:
        raise FileNotFoundError(
            f'no image list {path!r}; `ann_file` (below `data_root`) must '
            'name a text file with one image id a line'
        ) from err
    except ValueError as err:
        raise ValueError(f'{path} {err}') from err
    lines = [line.rstrip('\r') for line in lines if line.strip()]
    if not lines:
        raise ValueError(f'the image list {path} is empty')
    return lines


def check_unique(names: Iterable[str], where: Path | str) -> None:
    """Raise a ``ValueError`` if a name is there twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(
            f'{where}: {len(twice)} names are there more than once, the '
            f'first is {twice[0]!r}'
        )


def list_images(
    folder: str, suffix: str = '', backend_args: dict | None = None
) -> list[str]:
    """Images below a folder, sorted; hidden files and folders do not count.

    Args:
        folder: Where to look, sub-folders included.
        suffix: How their names end. Defaults to '', as those of any image.
        backend_args: Where mmengine's file client finds the folder.

    Returns:
        list[str]: Paths relative to ``folder``, with ``/`` between.

    Raises:
        FileNotFoundError: There is no such folder, or no image in it.
    """
    try:
        paths = fileio.list_dir_or_file(
            folder or '.',
            list_dir=False,
            suffix=suffix,
            recursive=True,
            backend_args=backend_args,
        )
        images = [PurePath(path) for path in paths if _is_image(path)]
    except (FileNotFoundError, NotADirectoryError) as err:
        raise FileNotFoundError(
            f'no folder of images {folder!r}; check `data_root` and '
            '`img_path` in `data_prefix`'
        ) from err
    if not images:
        suffixes = suffix or ', '.join(IMAGE_SUFFIXES)
        raise FileNotFoundError(
            f'no image below {folder!r}: no name ends with {suffixes}'
        )
    return sorted(path.as_posix() for path in images)


def _is_image(path: str) -> bool:
    hidden = any(part.startswith('.') for part in PurePath(path).parts)
    return path.lower().endswith(IMAGE_SUFFIXES) and not hidden


def strip_suffix(name: str) -> str:
    """A name without the suffix of an image format, if it has one."""
    stem, suffix = osp.splitext(name)
    return stem if suffix.lower() in IMAGE_SUFFIXES else name


class NameIndex:
    """Finds names of images; either side may leave out the suffix.

    A letter with a mark, such as an umlaut, is the same in both of Unicode's
    spellings: macOS takes file names apart, what is typed is in one piece.

    Args:
        names: The names to find, such as ``sub/a.jpg`` or ``sub/a``.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = set(names)
        self._by_stem: dict[str, list[str]] = {}
        for name in sorted(self._names):
            stem = strip_suffix(_composed(name))
            self._by_stem.setdefault(stem, []).append(name)

    def find(self, name: str) -> str | None:
        """The name that is meant, or None.

        Raises:
            ValueError: It may be several.
        """
        if name in self._names:
            return name
        wanted = _composed(name)
        stem = strip_suffix(wanted)
        found = [
            candidate
            for candidate in self._by_stem.get(stem, ())
            if stem == wanted or _composed(candidate) in (stem, wanted)
        ]
        if len(found) > 1:
            raise ValueError(
                f'image {name!r} may be {" or ".join(map(repr, found))}: '
                'write its suffix'
            )
        return found[0] if found else None


def _composed(name: str) -> str:
    """A name with each letter and its marks in one piece."""
    return normalize('NFC', name)


def find_images(
    names: Iterable[str], folder: str, backend_args: dict | None = None
) -> dict[str, str]:
    """Look up the files of images below a folder.

    Args:
        names: Paths relative to the folder, with or without suffix.
        folder: The folder of the images.
        backend_args: Where mmengine's file client finds the folder.

    Returns:
        dict[str, str]: From names to paths relative to ``folder``.

    Raises:
        FileNotFoundError: There is no such folder, or an image is not in it.
        ValueError: A name may be several files, or two names are one file.
    """
    index = NameIndex(list_images(folder, backend_args=backend_args))
    files: dict[str, str] = {}
    owners: dict[str, str] = {}
    missing = []
    for name in names:
        file = index.find(name)
        if file is None:
            missing.append(name)
            continue
        files[name] = file
        if owners.setdefault(file, name) != name:
            raise ValueError(
                f'images {owners[file]!r} and {name!r} are both {file!r}'
            )
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of {len(missing) + len(files)} images are not '
            f'below {folder!r}; the first is {missing[0]!r}: names are paths '
            'below the folder of the images (`img_path`, or --images); take '
            'those that are gone out of the label file, or name the others in '
            'a list (`train_list`, or ann_file)'
        )
    return files
