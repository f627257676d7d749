"""Files that stand in the place of images that were not fetched."""

import os
import os.path as osp
from functools import lru_cache

from .similar_names import similar_name

# What tools leave of a file in its place, by its name, and how to fetch it
_PLACEHOLDERS = {
    '{}.dvc': 'only its pointer of DVC is there: run `dvc pull`',
    '{}.nextcloud': 'it is in the cloud: have Nextcloud download it',
    '{}.owncloud': 'it is in the cloud: have ownCloud download it',
    '.{}.icloud': 'it is in the cloud: have iCloud download it',
}
# How the content of pointers begins
_POINTERS = {
    b'version https://git-lfs': 'Git LFS: run `git lfs pull`',
    b'/annex/objects/': 'git-annex: run `git annex get`',
}
# What is part of the targets of links
_LINKS = {
    'annex/objects': '; run `git annex get`',
    '.dvc/cache': '; run `dvc pull`',
}


def fetched_name(name: str) -> str:
    """Return the name that a file gets when its content is fetched.

    Args:
        name: Path of any file, such as ``a.jpg.dvc`` for ``a.jpg``.
    """
    folder, base = osp.split(name)
    for pattern in _PLACEHOLDERS:
        start, end = pattern.split('{}')
        if base.startswith(start) and base.endswith(end):
            return osp.join(folder, base[len(start) : -len(end)])
    return name


def why_missing(path: str, remedy: str) -> str:
    """Say why a file is not there, as the end of a sentence.

    Args:
        path: Of no file; if it is local, files beside it are looked at.
        remedy: What to do where nothing stands in its place.
    """
    if osp.islink(path):
        target = os.readlink(path)
        parts = target.replace('\\', '/')
        hints = [hint for part, hint in _LINKS.items() if part in parts]
        return f'is a broken link to {target}' + ''.join(hints)
    folder, name = osp.split(path)
    for pattern, what in _PLACEHOLDERS.items():
        if osp.exists(osp.join(folder, pattern.format(name))):
            return f'was not fetched: {what}'
    if osp.exists(path):
        return (
            f'is no regular file, but a folder, a pipe or a device: {remedy}'
        )
    meant = similar_name(name, _names_in(folder or '.'))
    return f'does not exist{meant}: {remedy}'


@lru_cache(4)  # thousands may be missing
def _names_in(folder: str) -> tuple[str, ...]:
    """Return what is in a folder."""
    try:
        return tuple(os.listdir(folder))
    except OSError:
        return ()


def why_pointer(content: bytes) -> str | None:
    """Say what a file is, if it is a pointer of a version control."""
    for start, tool in _POINTERS.items():
        if content.startswith(start):
            return f'was not fetched: it is a pointer of {tool}'
    return None
