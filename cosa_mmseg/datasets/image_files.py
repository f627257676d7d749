"""Image files below a folder, and lists of their names."""

import logging
import os
import os.path as osp
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache, partial
from pathlib import Path, PurePath

import cv2
import mmengine.fileio as fileio
from mmengine.logging import print_log
from PIL import Image, ImageFile

from cosa_mmseg.utils.reading import read_text

from .similar_names import composed, describe_match, similar_name, strip_suffix
from .unfetched import fetched_name


def read_image_list(path: str, backend_args: dict | None = None) -> list[str]:
    """Return the lines of an image list, without blank ones.

    Args:
        path: The text file.
        backend_args: Where mmengine's file client finds it.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It lists nothing, or cannot be read, see
            :func:`~cosa_mmseg.utils.reading.read_text`.
    """
    try:
        text = read_text(path, backend_args)
    except FileNotFoundError as err:
        raise FileNotFoundError(
            f'no image list {path!r}; `ann_file` (of your own pictures '
            '`train_list` or `test_list`; below `data_root`) must name a text '
            'file with one image id a line'
        ) from err
    lines = [line for line in text.split('\n') if line.strip()]
    if not lines:
        raise ValueError(f'the image list {path} is empty')
    return lines


def drop_repeated(names: Iterable[str], where: str) -> list[str]:
    """Return each name once, in order; a log line counts the others.

    Args:
        names: Names of images.
        where: The list that they are of.
    """
    names = list(names)
    if twice := _repeated(names):
        print_log(
            f'{where} lists {len(twice)} of {len(set(names))} images more '
            f'than once; each counts once; the first is {twice[0]!r}',
            logger='current',
            level=logging.WARNING,
        )
    return list(dict.fromkeys(names))


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def check_unique(names: Iterable[str], where: Path | str) -> None:
    """Raise a ``ValueError`` if a name is there twice."""
    if twice := _repeated(names):
        raise ValueError(
            f'{where}: {len(twice)} names are there more than once, the '
            f'first is {twice[0]!r}'
        )


def list_images(
    folder: str, suffix: str = '', backend_args: dict | None = None
) -> list[str]:
    """Return images below a folder, sorted; hidden ones do not count.

    The other files are counted in a log line. A broken link, or what stands in
    the place of an image that was not fetched, counts as the image.

    Args:
        folder: Where to look, sub-folders included.
        suffix: How their names end. Defaults to '', as those of any image.
        backend_args: Where mmengine's file client finds the folder.

    Returns:
        list[str]: Paths relative to ``folder``, with ``/`` between.

    Raises:
        FileNotFoundError: There is no such folder, or no image in it.
    """
    folder = folder or '.'
    is_local = not backend_args and '://' not in folder
    list_all = partial(
        fileio.list_dir_or_file,
        list_dir=False,
        recursive=True,
        backend_args=backend_args,
    )
    try:
        names = {*(_walk(folder) if is_local else list_all(folder))}
    except (FileNotFoundError, NotADirectoryError) as err:
        raise FileNotFoundError(
            f'no folder of images {folder!r}; check `data_root` and '
            '`img_path` in `data_prefix`'
            + (', or run `dvc pull`' if osp.exists(f'{folder}.dvc') else '')
        ) from err
    images: list[str] = []
    others: list[str] = []
    for name in sorted(names):
        if any(part.startswith('.') for part in PurePath(name).parts):
            continue
        path = osp.join(folder, name) if is_local else name
        is_wanted = name.endswith(suffix) and is_image(path)
        (images if is_wanted else others).append(PurePath(name).as_posix())
    passed_over = count_others(others)
    if not images:
        kind = '(.jpg, .png, or what else OpenCV or Pillow reads)'
        raise FileNotFoundError(
            f'no image below {folder!r} '
            + (f'whose name ends with {suffix}' if suffix else kind)
            + (f'; it has {passed_over}' if others else '')
        )
    if others:
        say_once(f'{folder}: passed over {passed_over}')
    return sorted(images)


def _walk(folder: str) -> Iterator[str]:
    """Yield files and broken links below a local folder, relative to it."""

    def stop(err: OSError) -> None:
        raise err

    for top, folders, files in os.walk(folder, onerror=stop, followlinks=True):
        # a link to a folder around it would never end
        here = Path(top).resolve()
        around = {here, *here.parents}
        folders[:] = [
            f for f in folders if Path(top, f).resolve() not in around
        ]
        paths = (osp.join(top, name) for name in files)
        for path in filter(is_file, paths):
            yield fetched_name(osp.relpath(path, folder))


def is_file(path: str) -> bool:
    """Return True for a file or a broken link, but no device and the like."""
    return osp.isfile(path) or (osp.islink(path) and not osp.exists(path))


def is_image(path: str) -> bool:
    """Return True if a file is an image of a kind that is read.

    Its suffix says so, or, if it has none of a usual image, its first bytes.
    """
    return (
        strip_suffix(path) != path
        or cv2.haveImageReader(path)
        or _is_rare_image(path)
    )


def _is_rare_image(path: str) -> bool:
    """Return True if Pillow finds the kind of image that a suffix says."""
    kind = Image.registered_extensions().get(osp.splitext(path)[1].lower())
    if kind not in Image.OPEN or kind in Image.MIME:  # MIME: of no image
        return False
    try:
        with Image.open(path, formats=[kind]) as img:
            return not isinstance(img, ImageFile.StubImageFile)
    except Exception:  # as many kinds as there are decoders
        return False


def count_others(names: Iterable[str]) -> str:
    """Say how many files are no images; '' if there are none."""
    kinds = [osp.splitext(name)[1] or 'no suffix' for name in names]
    if not kinds:
        return ''
    what = 'files that are no images'
    if len(kinds) == 1:
        what = 'file that is no image'
    return (
        f'{len(kinds)} {what} of a kind that is read '
        f'({", ".join(sorted(set(kinds)))})'
    )


@cache
def say_once(message: str) -> None:
    """Log a line, unless it was said before."""
    print_log(message, logger='current')


class NameIndex:
    """Finds names of images; either side may leave out the suffix.

    A letter with a mark, such as an umlaut, is the same in both of Unicode's
    spellings: macOS takes file names apart, what is typed is in one piece.

    Args:
        names: The names to find, such as ``sub/a.jpg`` or ``sub/a``.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = set(names)
        self._by_stem: dict[str, list[str]] = {}
        for name in sorted(self.names):
            stem = strip_suffix(composed(name))
            self._by_stem.setdefault(stem, []).append(name)

    def find(self, name: str) -> str | None:
        """Return the name that is meant, or None.

        Raises:
            ValueError: It may be several.
        """
        if name in self.names:
            return name
        wanted = composed(name)
        stem = strip_suffix(wanted)
        found = [
            candidate
            for candidate in self._by_stem.get(stem, ())
            if stem == wanted or composed(candidate) in (stem, wanted)
        ]
        if len(found) > 1:
            raise ValueError(
                f'image {name!r} may be {" or ".join(map(repr, found))}: '
                'write its suffix'
            )
        return found[0] if found else None


def find_images(
    names: Iterable[str],
    folder: str,
    backend_args: dict | None = None,
    source: str = '',
) -> dict[str, str]:
    """Look up the files of images below a folder.

    Args:
        names: Paths relative to the folder, with or without suffix.
        folder: The folder of the images.
        source: The file that lists the names, for messages.
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
    of = f' of {source}' if source else ''
    for name in names:
        file = index.find(name)
        if file is None:
            missing.append(name)
            continue
        files[name] = file
        if owners.setdefault(file, name) != name:
            raise ValueError(
                f'images {owners[file]!r} and {name!r}{of} are both '
                f'{file!r}: leave one out'
            )
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of {len(missing) + len(files)} images{of} are '
            f'not below {folder!r}; the first is {missing[0]!r}'
            f'{similar_name(missing[0], index.names)}'
            f'{describe_match(missing, index.names, folder)}: names are paths '
            'below the folder of the images (`img_path`, or --images); take '
            'out those that are gone, or, of a label file, name the others in '
            'a list (`train_list`, `test_list`, or ann_file)'
        )
    return files


def name_masks(files: Iterable[str], suffix: str | None) -> dict[str, str]:
    """Name the masks of the images of a set.

    Images that differ in their suffix only keep it, as one mask cannot be that
    of both: ``a.jpg`` and ``a.png`` have ``a.jpg`` and ``a.png`` (with the
    suffix of masks behind), which is said in the log.

    Args:
        files: Paths of the images.
        suffix: How all of them end; None: they are images of any kind.

    Returns:
        dict[str, str]: From images to their masks, which have no suffix yet.
    """
    stems = {
        file: strip_suffix(file)
        if suffix is None
        else file.removesuffix(suffix)
        for file in files
    }
    times = Counter(stems.values())
    kept = [file for file, stem in stems.items() if times[stem] > 1]
    if kept:
        say_once(
            f'{len(kept)} images differ from another in their suffix only: '
            f'their masks keep it, such as {kept[0]}.png of {kept[0]}'
        )
    return stems | {file: file for file in kept}
