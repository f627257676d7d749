r"""Names of images that may mean the same, and what would match."""

import difflib
import os.path as osp
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Collection
from functools import lru_cache
from unicodedata import normalize
from urllib.parse import unquote

from PIL import Image

Image.init()
# Kinds that Pillow opens and that are images: it also registers videos,
# documents and arrays. HEIC is listed to be refused by name.
IMAGE_SUFFIXES = frozenset(
    suffix
    for suffix, kind in Image.registered_extensions().items()
    if kind in Image.OPEN and Image.MIME.get(kind, '').startswith('image/')
) | {'.heic', '.heif', '.mpo'}
_LEAST_RATIO = 0.8  # of characters that names with a slip share
_MOST_COMPARED = 1000  # names; to compare all characters takes long


def strip_suffix(name: str) -> str:
    """Return a name without the suffix of an image format, if it has one."""
    stem, suffix = osp.splitext(name)
    return stem if suffix.lower() in IMAGE_SUFFIXES else name


def composed(name: str) -> str:
    """Return a name with each letter and its marks in one piece."""
    return normalize('NFC', name)


def folded(name: str) -> str:
    """Return what is equal for names that some file systems cannot tell apart.

    macOS and Windows take ``A.jpg`` and ``a.jpg`` for one file.
    """
    return composed(name).casefold()


def similar_name(name: str, names: Collection[str]) -> str:
    r"""Return the end of a sentence that says which name may be meant.

    Compared are the ends of paths, whatever their case, suffix, slashes
    (``\\`` or ``/``) and quoting (``%20``); the name that shares most folders
    wins. Without one, and among few names, it is the one that differs by a
    slip.

    Args:
        name: The name that was not found.
        names: Those that there are.

    Returns:
        str: ``" (did you mean 'a.jpg'?)"``, or ``''``.
    """
    wanted = _parts(name)
    best, most = '', 0
    for candidate in names:
        parts = _parts(candidate)
        shared = 0
        while shared < min(len(parts), len(wanted)) and (
            parts[-1 - shared] == wanted[-1 - shared]
        ):
            shared += 1
        if shared > most:
            best, most = candidate, shared
    if not best and len(names) <= _MOST_COMPARED:
        close = difflib.get_close_matches(name, names, 1, _LEAST_RATIO)
        best = close[0] if close else ''
    return f' (did you mean {best!r}?)' if best else ''


@lru_cache(1 << 16)
def _parts(name: str) -> tuple[str, ...]:
    """Folders and stem of a path, as they are compared."""
    path = unquote(folded(name)).strip(' \'"').replace('\\', '/')
    while (stem := strip_suffix(path)) != path:
        path = stem
    return tuple(part for part in path.split('/') if part not in ('', '.'))


# What is put in front of names by Label Studio
_PREFIX = re.compile(r'(^|/)[0-9a-f]{8}-(?=[^/]+$)')
# How names may differ; the last is the first that is tried without
_STEPS: dict[str, Callable[[str], str]] = {
    r'/ for \ ': lambda name: name.replace('\\', '/'),
    '%20 and the like read': unquote,
    './ left out': posixpath.normpath,
    'another case': folded,
    'another suffix': strip_suffix,
    'the code in front left out': lambda name: _PREFIX.sub(r'\1', name),
}


def describe_match(
    missing: Collection[str], names: Collection[str], folder: str = ''
) -> str:
    r"""Return the end of a sentence that says what would match.

    Args:
        missing: Listed names that are not found.
        names: Names that there are, with ``/`` between folders.
        folder: Where their files are; '' if they have none.

    Returns:
        str: Such as ``'; 3 of 3 match with / for \'``, or ''.
    """
    steps = list(_STEPS)
    most, _ = _count(missing, names, steps)
    if not most:
        return ''
    for step in reversed(_STEPS):
        fewer = [s for s in steps if s != step]
        if _count(missing, names, fewer)[0] == most:
            steps = fewer
    _, (before, after) = _count(missing, names, steps)
    how = [step.strip() for step in steps]
    if before:
        how.append(
            f'{before}/ ' + (f'replaced by {after}/' if after else 'left out')
        )
    elif after:
        how.append(f'{after}/ in front')
    text = f'; {most} of {len(missing)} match with {" and ".join(how)}'
    if folder and bool(before) != bool(after):
        text += _name_folder(folder, before, after)
    return text


def _name_folder(folder: str, before: str, after: str) -> str:
    """Say which folder the names are paths from, if one can be named."""
    path = folder.rstrip('/')
    if after:
        path = posixpath.join(path, after)
    elif before[0] != '/' and f'/{path}'.endswith(f'/{before}'):
        path = path[: -len(before)].rstrip('/') or '.'
    else:
        return ''
    return f' (or with the folder of images {path}: `img_path`, --images)'


def _count(
    missing: Collection[str], names: Collection[str], steps: Collection[str]
) -> tuple[int, tuple[str, str]]:
    """Return how many names match, and what folders to exchange for that."""
    wanted, there = list(missing), list(names)
    for step in steps:
        wanted = list(map(_STEPS[step], wanted))
        there = list(map(_STEPS[step], there))
    times = Counter(there)
    before, after = _folders(wanted, there)
    moved = (
        posixpath.join(after, name.removeprefix(f'{before}/'))
        for name in wanted
        if name.startswith(f'{before}/') or not before
    )
    return sum(times[name] == 1 for name in moved), (before, after)


def _folders(wanted: list[str], there: list[str]) -> tuple[str, str]:
    """Folders of listed names and of those that are there, of one end."""
    by_base = {posixpath.basename(name): name for name in there}
    pairs = Counter[tuple[str, str]]()
    for name in wanted:
        file = by_base.get(posixpath.basename(name))
        if file is None:
            continue
        left, right = name.split('/'), file.split('/')
        while left and right and left[-1] == right[-1]:
            left.pop()
            right.pop()
        pairs['/'.join(left), '/'.join(right)] += 1
    return pairs.most_common(1)[0][0] if pairs else ('', '')
