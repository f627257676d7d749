"""Names of classes in label files: one spelling, and what is likely none."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any
from unicodedata import category, normalize

BACKGROUND = 'background'
MAX_CLASSES = 254  # foreground: masks hold 0 to 254, and 255 for "ignore"
LONGEST = 200  # characters; more are a caption
# What programs write where there is nothing
_EMPTY = frozenset(
    ('none', 'null', 'nil', 'nan', 'nat', 'na', 'n/a', '#n/a', '<na>')
    + ('-', '--', '–', '—', '[]', '{}', '()', '#na', 'undefined')
)
# Letters that join others in some scripts; other characters without width are
# left over from copying.
_JOINERS = '\u200c\u200d'
# control characters and halves of surrogate pairs
_NOT_IN_NAMES = re.compile('[\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_BETWEEN_WORDS = re.compile(r'[\s_-]+')
# Between classes of a cell, the sure ones in front; a class may well be named
# rock/pop or R&B.
_SEPARATORS = re.compile(r'\s*[,;|、]\s*')
_WEAK_SEPARATORS = re.compile(r'\s*[/\\]\s*')
_JOINED_BY_AND = re.compile(r'\s*[&+]\s*|\s+and\s+')
_WORDS = re.compile(r'[\W_]+')
# cat: 0.9, cat (90 %), cat=1, cat 0.9; and numbers alone, 1 0 1
_WITH_NUMBER = re.compile(
    r'.*[^\W\d]\s*([:=]\s*[01]|[:=(]\s*(\d*[.,]\d+\s*%?|\d+\s*%)\)?)'
    r'|.*[^\W\d]\s+(0?[.,]\d+|1[.,]0+|\d+([.,]\d+)?\s*%)'
    r'|[\d.]+([\s,;|]+[\d.]+)+'
)


def clean_name(name: Any, what: str) -> str:
    """Return a name of an image or a class, as every format can hold it.

    Args:
        name: As it is written.
        what: ``'image'`` or ``'class'``. Images are named as their files are
            spelt, classes as :func:`tidy` makes them.

    Raises:
        ValueError: It is no name.
    """
    if isinstance(name, bool) or not isinstance(name, str | int):
        raise ValueError(f'the name of the {what} is no string: {name!r:.60}')
    name = str(name).strip()
    if _NOT_IN_NAMES.search(name):
        raise ValueError(
            f'the name of the {what} has a control character: {name!r:.200}'
        )
    name = name.strip('\ufeff\u200b') if what == 'image' else tidy(name)
    if not name:
        raise ValueError(f'the name of the {what} is empty')
    if what == 'class':
        _check_class(name)
    return name


@lru_cache(1 << 16)
def _check_class(name: str) -> None:
    """Refuse captions."""
    if len(name) > LONGEST:
        raise ValueError(
            f'the name of the class has {len(name)} characters, more than '
            f'{LONGEST}: {name[:60]!r}...'
        )


@lru_cache(1 << 16)
def tidy(name: str) -> str:
    """Return a name without what cannot be seen, each blank a space.

    Args:
        name: Without control characters. Both spellings of an umlaut, of which
            macOS has one, become the shorter one; quotes around are dropped.
    """
    name = normalize('NFC', name)
    name = ''.join(c for c in name if category(c) != 'Cf' or c in _JOINERS)
    name = ' '.join(name.split()).strip(_JOINERS)
    if len(name) > 2 and name[0] == name[-1] and name[0] in '\'"':
        name = name[1:-1].strip()
    return name


@lru_cache(1 << 16)
def look(name: str) -> str:
    """Return what is equal for spellings of one name.

    These differ in case, in width (of East Asian forms), in what stands
    between words (a blank, ``_`` or ``-``), or in a mark behind (``cat?``).
    """
    folded = normalize('NFKC', name).casefold()
    folded = folded.rstrip(' ?!.*') or folded
    return _BETWEEN_WORDS.sub(' ', folded) or folded


def is_background(name: str) -> bool:
    """Return True for a spelling of the background."""
    return look(name).strip() == BACKGROUND


def is_empty(name: str) -> bool:
    """Return True for a word that says that there is nothing."""
    return name.lower() in _EMPTY


def find_alike(names: Iterable[str]) -> list[str]:
    """Return the first names of which one may be another spelling of all.

    Args:
        names: Different names.

    Returns:
        list[str]: Empty if there are none.
    """
    by_look: dict[str, list[str]] = {}
    for name in names:
        by_look.setdefault(look(name), []).append(name)
    return next((group for group in by_look.values() if len(group) > 1), [])


def find_joined(names: Collection[str], known: Collection[str]) -> list[str]:
    """Return the first name that is likely several classes, in a list.

    ``'cat|dog'`` always is. ``'cat, dog'`` is if one of its parts is a name by
    itself, or if all are parts of several names; ``'cat & dog'`` if one is a
    name. ``'a/b'`` is only if another part than the first is a name, as
    ``'vehicle/car'`` beside ``'vehicle'`` is one class; ``'polar bear'`` if
    all its words are, whatever stands between.

    Args:
        names: All names.
        known: Those that are one class, whatever they look like.
    """
    whole = {look(name) for name in names}
    parts = {name: _split(_SEPARATORS, name) for name in names}
    times = Counter(part for found in parts.values() for part in set(found))
    for name, sure in parts.items():
        weak = _split(_WEAK_SEPARATORS, name)
        words = _split(_WORDS, name)
        if name not in known and (
            '|' in name
            or not whole.isdisjoint(sure + _split(_JOINED_BY_AND, name))
            or (sure and all(times[part] > 1 for part in sure))
            or not whole.isdisjoint(weak[1:])
            or (words and whole.issuperset(words))
        ):
            return [name]
    return []


def has_number(name: str) -> bool:
    """Return True for ``'cat: 0.9'``, with a score, and for ``'1 0 1'``."""
    return bool(_WITH_NUMBER.fullmatch(name))


def find_blanks(names: Collection[str]) -> list[str]:
    """Return names that may be several classes with blanks between.

    These begin with another name (``'cat dog'`` beside ``'cat'``), or have
    only words that others have, too.

    Args:
        names: All names.
    """
    whole = {look(name) for name in names}
    words = {name: _split(_WORDS, name) for name in names}
    times = Counter(word for found in words.values() for word in set(found))
    return [
        name
        for name, found in words.items()
        if found and (found[0] in whole or min(times[w] for w in found) > 1)
    ]


def _split(pattern: re.Pattern[str], name: str) -> list[str]:
    """Return looks of the parts of a name; none if it is one part."""
    parts = [look(part) for part in pattern.split(look(name)) if part]
    return parts if len(parts) > 1 else []
