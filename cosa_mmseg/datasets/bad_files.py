"""Images and masks that cannot be used, and why."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import mmcv
import mmengine.fileio as fileio
import numpy as np
from mmseg.datasets import BaseSegDataset
from PIL import Image, UnidentifiedImageError

from .unfetched import why_missing, why_pointer

# How mmcv's LoadImageFromFile and mmseg's LoadAnnotations decode by default.
_DECODING = {
    'img_path': dict(flag='color', backend='cv2'),
    'seg_map_path': dict(flag='unchanged', backend='pillow'),
}
_THIN_MASK = (
    'is one pixel wide or high, which mmseg does not take: leave it out of '
    'the image list'
)
_HEIC_BRANDS = (b'heic', b'heix', b'hevc', b'heim', b'heis', b'mif1', b'msf1')


class BadFileError(ValueError):
    """A file cannot be used; the message names it and says what to do."""

    @property
    def sentence(self) -> str:
        """Return the message without what a loader's worker adds."""
        last = str(self).strip().splitlines()[-1]
        return last.rpartition(f'{type(self).__name__}: ')[2]


@contextmanager
def naming_bad_files(
    info: dict, backend_args: dict | None = None
) -> Iterator[None]:
    """Pass a sample through a pipeline in this block to have errors name it.

    Errors of decoders and transforms mostly lack the file's name. Nothing is
    looked at twice unless the block fails, but the header of a local image:
    one of more pixels than ``2 * PIL.Image.MAX_IMAGE_PIXELS`` (179 million,
    Pillow's bound to decompression bombs) is refused before it is decoded.

    Args:
        info (dict): The sample before its pipeline, with ``img_path`` and,
            where there is a mask, ``seg_map_path``.
        backend_args (dict, optional): The file backend, see
            ``mmengine.fileio``. Defaults to None.

    Raises:
        BadFileError: The block failed, or the image is too large. The message
            says what is wrong with the file, or, if it can be decoded, repeats
            the error.
    """
    paths = {key: info[key] for key in _DECODING if info.get(key)}
    _refuse_bomb(info['img_path'])
    try:
        yield
    except Exception as err:
        for key, path in paths.items():
            if fault := _fault(path, _DECODING[key], backend_args):
                raise BadFileError(f'{path} {fault}') from err
        if isinstance(err, BadFileError):
            raise
        reason = ' '.join(f'{type(err).__name__}: {err}'.split())
        raise BadFileError(
            f'{info["img_path"]} can be read, but a step of the pipeline '
            f'fails ({reason}): leave it out, or, if all images fail, mend '
            'the pipeline of the config'
        ) from err


def check_mask(
    mask: np.ndarray,
    img_size: tuple[int, int],
    dataset: BaseSegDataset,
    info: dict,
) -> None:
    """Refuse a mask that does not belong to its image and the classes.

    Args:
        mask (np.ndarray): Ids, uint8 (h, w).
        img_size (tuple[int, int]): (h, w) of the image as it was loaded.
        dataset (BaseSegDataset): What has the classes, if any.
        info (dict): The sample, for the names of the files.

    Raises:
        BadFileError: As :func:`check_mask_size`, :func:`check_mask_ids`.
    """
    check_mask_size(mask.shape, img_size, info)
    if classes := dataset.metainfo.get('classes'):
        check_mask_ids(mask, len(classes), dataset.ignore_index, info)


def check_mask_size(
    mask_size: tuple[int, ...], img_size: tuple[int, int], info: dict
) -> None:
    """Refuse a mask that does not have the size of its image.

    Args:
        mask_size (tuple[int, ...]): (h, w) of the mask; more entries are
            refused.
        img_size (tuple[int, int]): (h, w) of the image as it was loaded.
        info (dict): The sample, for the names of the files.

    Raises:
        BadFileError: The sizes differ.
    """
    if mask_size == img_size:
        return
    if mask_size == tuple(side for side in img_size if side > 1):
        raise BadFileError(f'{info["seg_map_path"]} {_THIN_MASK}')
    text = (
        f'{info["seg_map_path"]} has the shape {mask_size}, but its image '
        f'{info["img_path"]} (height, width) {img_size}'
    )
    if mask_size == img_size[::-1]:
        raise BadFileError(
            f'{text}: the image may be turned upright as its EXIF orientation '
            'asks; turn the mask too, or, if all masks lie as the images are '
            "stored, set color_type='color_ignore_orientation' in "
            'LoadImageFromFile'
        )
    raise BadFileError(
        f'{text}: a mask is one channel of class ids, as large as its image'
    )


def check_mask_ids(
    mask: np.ndarray, num_classes: int, ignore_index: int, info: dict
) -> None:
    """Refuse a mask with an id that is no class and is not ignored.

    Args:
        mask (np.ndarray): Ids, uint8 (h, w).
        num_classes (int): Number of classes, with the background.
        ignore_index (int): The id that is ignored.
        info (dict): The sample, for the names of the files.

    Raises:
        BadFileError: There is such an id.
    """
    ids = np.flatnonzero(np.bincount(mask.ravel())).tolist()
    if unknown := sorted({*ids} - {*range(num_classes), ignore_index}):
        hint = '; a binary mask?' if len(ids) == 2 and 0 in ids else ''
        raise BadFileError(
            f'{info["seg_map_path"]} holds the ids {unknown}, but the '
            f'{num_classes} classes have the ids 0 to {num_classes - 1} '
            f'({ignore_index}: ignored){hint}'
        )


def _refuse_bomb(path: str) -> None:
    """Raise if the header of a local image states too many pixels."""
    try:
        Image.open(path).close()
    except Image.DecompressionBombError as err:
        raise BadFileError(f'{path} {_too_large(err)}') from err
    except Exception:
        return  # what Pillow cannot open is left to the pipeline


def _too_large(err: Image.DecompressionBombError) -> str:
    size = str(err).partition(',')[0]  # 'Image size (... pixels) exceeds ...'
    return (
        f'is too large: scale it down ({size}), or, if it can be trusted, '
        'raise PIL.Image.MAX_IMAGE_PIXELS in a module that custom_imports '
        'of the config names'
    )


def _fault(path: str, decoding: dict, backend_args: dict | None) -> str | None:
    """Say what is wrong with a file, as the end of a sentence, or None."""
    try:
        content = fileio.get(path, backend_args=backend_args)
    except FileNotFoundError:
        return why_missing(
            path,
            'check data_root, data_prefix and img_suffix (of masks '
            'seg_map_suffix; of your own pictures img_path and mask_path)',
        )
    except (OSError, ValueError) as err:  # ValueError: a NUL in the name
        return f'cannot be read: {getattr(err, "strerror", None) or err}'
    if not content:
        return (
            'is empty (0 bytes): fetch it again, or, in a folder of a cloud, '
            'have it kept on this machine'
        )
    img = None
    with suppress(Exception):  # as many kinds as there are decoders
        img = mmcv.imfrombytes(content, **decoding)
    if img is None:
        return _undecodable(content)
    if decoding['flag'] == 'unchanged' and 1 in img.shape[:2]:
        return _THIN_MASK
    return None


def _undecodable(content: bytes) -> str:
    """Why the content of a file could not be decoded."""
    if pointer := why_pointer(content):
        return pointer
    if content[4:8] == b'ftyp' and content[8:12] in _HEIC_BRANDS:
        return 'is a HEIC image, which is not read: convert it to JPEG'
    try:
        img = Image.open(io.BytesIO(content))
        img.load()
    except UnidentifiedImageError:
        return (
            'is damaged or no image of a kind that is read (it starts with '
            f'{content[:20]!r}): fetch it again, or convert it to JPEG or PNG'
        )
    except Image.DecompressionBombError as err:
        return _too_large(err)
    except Exception as err:
        return f'is damaged ({err}): fetch it again'
    return (
        f'is a {img.format} file (mode {img.mode}) that OpenCV does not '
        'decode: save it anew as JPEG or 8-bit PNG'
    )
