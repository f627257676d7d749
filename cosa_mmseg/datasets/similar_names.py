r"""Names of images that may mean the same, and what would match."""

import difflib
import os.path as osp
import posixpath
import re
from collections import Counter
from collections.abc import Collection
from functools import lru_cache
from itertools import starmap
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
# What is put in front of names by Label Studio
_PREFIX = re.compile(r'(^|/)[0-9a-f]{8}-(?=[^/]+$)')
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


def describe_match(
    missing: Collection[str], names: Collection[str], folder: str = ''
) -> str:
    """Return the end of a sentence that says how many names would match.

    Args:
        missing: Listed names that are not found.
        names: Names that there are, with ``/`` between folders.
        folder: Where their files are; '' if they have none.

    Returns:
        str: Such as ``'; 3 of 3 match but for case, ...'``, or ''.
    """
    by_stem: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        by_stem.setdefault(_parts(name)[-1:], []).append(name)
    found = ((name, by_stem.get(_parts(name)[-1:], [])) for name in missing)
    pairs = [(name, files[0]) for name, files in found if len(files) == 1]
    if not pairs:
        return ''
    text = (
        f'; {len(pairs)} of {len(missing)} match but for case, suffix, / or '
        r'\, %20 and a code in front'
    )
    (before, after), _ = Counter(starmap(_folders, pairs)).most_common(1)[0]
    if before:
        action = f'replaced by {after}/' if after else 'left out'
        text += f', with {before}/ {action}'
    elif after:
        text += f', with {after}/ in front'
    path = ''
    if after and not before:
        path = posixpath.join(folder, after)
    elif before and not after and f'/{folder}'.endswith(f'/{before}'):
        path = folder.removesuffix(before).rstrip('/') or '.'
    if folder and path:
        text += f' (or with the folder of images {path}: `img_path`, --images)'
    return text


def _folders(name: str, file: str) -> tuple[str, str]:
    """Return the folders in front of two paths, without those they share."""
    path = posixpath.normpath(unquote(name).replace('\\', '/'))
    left, right = path.split('/')[:-1], file.split('/')[:-1]
    while left and right and left[-1] == right[-1]:
        left.pop()
        right.pop()
    return '/'.join(left), '/'.join(right)


@lru_cache(1 << 16)
def _parts(name: str) -> tuple[str, ...]:
    """Return folders and stem of a path, as they are compared."""
    path = unquote(folded(name)).strip(' \'"').replace('\\', '/')
    path = _PREFIX.sub(r'\1', path)
    while (stem := strip_suffix(path)) != path:
        path = stem
    return tuple(part for part in path.split('/') if part not in ('', '.'))
