"""Names and colours of classes, checked where files of others bring them."""

from collections.abc import Mapping, Sequence
from unicodedata import category

from mmengine.registry import DATASETS

from cosa_mmseg.utils.palette import voc_palette

from .class_names import MAX_CLASSES
from .image_files import check_unique

_LONGEST = 200  # of a name, characters
# control characters, marks of the reading direction, ends of lines
_UNPRINTABLE = {'Cc', 'Cf', 'Cs', 'Zl', 'Zp'}
_JOINERS = '\u200c\u200d'  # are within words of some scripts, and emoji


def classes_of(dataset: Mapping) -> list[str]:
    """Return the classes of a data set, whose images are not looked for.

    Args:
        dataset: Config of a data set. Without classes of its own they are
            those of its label file.

    Raises:
        FileNotFoundError: There is no such label file.
        ValueError: It is malformed, or there are no classes.
    """
    built = DATASETS.build({**dataset, 'lazy_init': True})
    classes = [*(built.metainfo.get('classes') or ())]
    if not classes:
        raise ValueError('set `label_file`, or the list `classes`')
    if len(classes) == 1:
        raise ValueError(
            f'no image of {dataset.get("label_file")} shows a class: there '
            'is nothing to train with'
        )
    return classes


def check_classes(names: object, where: str) -> list[str]:
    """Refuse names of classes that cannot be shown or told apart.

    Args:
        names: Should be names of classes.
        where: What names them, for the message.

    Returns:
        list[str]: The names.

    Raises:
        ValueError: If they are no list of different printable texts.
    """
    if not isinstance(names, list | tuple):
        raise ValueError(
            f'{where}: classes must be a list of names, got {names!r:.60}'
        )
    for name in names:
        if not (
            isinstance(name, str)
            and name.strip()
            and len(name) <= _LONGEST
            and _UNPRINTABLE.isdisjoint(
                category(letter) for letter in name if letter not in _JOINERS
            )
        ):
            raise ValueError(
                f'{where}: {name!r:.60} is no name of a class, which is a '
                f'printable text of at most {_LONGEST} characters'
            )
    check_unique(names, where)
    if len(names) > MAX_CLASSES + 1:
        raise ValueError(
            f'{where} has {len(names)} classes with the background; at most '
            f'{MAX_CLASSES + 1} can be told from 255, the id of ignored pixels'
        )
    return [*names]


def check_palette(
    palette: object, num_classes: int, where: str
) -> list[list[int]]:
    """Refuse what is not one RGB colour in 0..255 for each class.

    Raises:
        ValueError: If it is not; it names `where`.
    """
    colours = [*palette] if isinstance(palette, Sequence) else []
    if len(colours) != num_classes or not all(map(_is_colour, colours)):
        raise ValueError(
            f'{where}: palette must be {num_classes} colours, one for each '
            'class, of three whole numbers in 0..255, got '
            f'{palette!r:.60}'
        )
    return [[*map(int, colour)] for colour in colours]


def _is_colour(colour: object) -> bool:
    return (
        isinstance(colour, Sequence)
        and len(colour) == 3
        and all(isinstance(v, int) and 0 <= v <= 255 for v in colour)
    )


def check_dataset_meta(
    meta: object, where: str
) -> tuple[list[str], list[list[int]]]:
    """Return names and colours of classes in ``dataset_meta``.

    Without colours they are VOC's.

    Args:
        meta: Should be a dict of ``classes`` and ``palette``.
        where: What has it, for the message.

    Raises:
        ValueError: If it is something else.
    """
    if not isinstance(meta, Mapping):
        raise ValueError(f'{where} must be a dict, got {meta!r:.60}')
    classes = check_classes(meta.get('classes'), where)
    palette = meta.get('palette') or voc_palette(len(classes))
    return classes, check_palette(palette, len(classes), where)
