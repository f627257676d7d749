"""Image files as they are found in the wild, made by the tests."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

HEIGHT, WIDTH = 40, 60


def smooth_rgb() -> np.ndarray:
    """A picture without symmetry, (40, 60, 3) uint8, that JPEG keeps well."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([x * 4, y * 6, (x + y) * 2], -1).astype(np.uint8)


def write_good(folder: Path) -> dict[str, np.ndarray]:
    """Write files that are to be loaded.

    Returns:
        dict[str, np.ndarray]: What each shows, uint8 RGB, by file name.
    """
    rgb = smooth_rgb()
    img, other = Image.fromarray(rgb), Image.fromarray(255 - rgb)
    grey = img.convert('L')
    grey_rgb = np.asarray(grey.convert('RGB'))
    alpha = Image.fromarray(np.tile(np.arange(WIDTH) > 30, (HEIGHT, 1)))
    palette = img.quantize(64)
    palette_rgb = np.asarray(palette.convert('RGB'))
    bits = img.convert('1')
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn it clockwise
    shown = {}

    def save(name, picture, content, **options):
        picture.save(folder / name, **options)
        shown[name] = content

    save('rgb.png', img, rgb)
    save('rgb.jpg', img, rgb, quality=95)
    save('progressive.jpg', img, rgb, quality=95, progressive=True)
    save('grey.png', grey, grey_rgb)
    save('grey.jpg', grey, grey_rgb, quality=95)
    grey_alpha, rgb_alpha = grey.copy(), img.copy()
    grey_alpha.putalpha(alpha.convert('L'))
    rgb_alpha.putalpha(alpha.convert('L'))
    save('grey_alpha.png', grey_alpha, grey_rgb)
    save('rgb_alpha.png', rgb_alpha, rgb)
    save('rgb_alpha.webp', rgb_alpha, rgb, lossless=True, exact=True)
    save('cmyk.jpg', img.convert('CMYK'), rgb, quality=95)
    save('palette.png', palette, palette_rgb)
    save('palette_transparent.png', palette, palette_rgb, transparency=3)
    save('bits.png', bits, np.asarray(bits.convert('RGB')))
    save('bits.tif', bits, np.asarray(bits.convert('RGB')))
    save('exif.jpg', img, np.rot90(rgb, -1), quality=95, exif=exif)
    save('animated.gif', palette, palette_rgb, **animation(other.quantize(64)))
    save('animated.webp', img, rgb, lossless=True, **animation(other))
    save('png.jpg', img, rgb, format='PNG')  # a wrong extension
    deep = np.asarray(grey).astype(np.uint16) * 257
    save('grey_16.png', Image.fromarray(deep), grey_rgb)
    save('grey_16.tif', Image.fromarray(deep), grey_rgb)
    cv2.imwrite(
        str(folder / 'rgb_16.png'), rgb[..., ::-1].astype(np.uint16) * 257
    )
    shown['rgb_16.png'] = rgb
    return shown


def animation(*frames: Image.Image) -> dict:
    return dict(save_all=True, append_images=frames)


def write_bad(folder: Path) -> dict[str, str]:
    """Write files that are to be refused.

    Returns:
        dict[str, str]: Words that their refusal has, by file name.
    """
    img = Image.fromarray(smooth_rgb())
    img.save(folder / 'whole.jpg')
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(noise).save(folder / 'whole.png')
    jpg, png = ((folder / f'whole.{s}').read_bytes() for s in ('jpg', 'png'))
    broken = bytearray(png)
    broken[len(png) // 2] ^= 0xFF
    heic = b'\0\0\0\x18ftypheic\0\0\0\0mif1heic' + bytes(200)
    contents = {
        'empty.jpg': (b'', 'is empty'),
        'cut.jpg': (jpg[: len(jpg) * 3 // 4], 'truncated'),
        'cut_end.jpg': (jpg[:-2], 'truncated'),
        'cut_header.jpg': (jpg[:100], 'damaged'),
        'cut.png': (png[: len(png) // 2], 'truncated'),
        'flipped_bits.png': (bytes(broken), 'damaged'),
        'photo.heic': (heic, 'HEIC'),
        'page.jpg': (b'<!DOCTYPE html><html>404</html>', 'DOCTYPE'),
        'bomb.png': (bomb(), 'too large: scale it down'),
    }
    for name, (content, _) in contents.items():
        (folder / name).write_bytes(content)
    (folder / 'folder.jpg').mkdir()
    img.save(folder / 'picture.tga')
    Image.fromarray(noise[..., 0] / np.float32(255)).save(folder / 'float.tif')
    return {name: words for name, (_, words) in contents.items()} | {
        'picture.tga': 'TGA file',
        'float.tif': 'TIFF file (mode F)',
        'folder.jpg': 'directory',
        'absent.jpg': 'does not exist',
    }


def bomb() -> bytes:
    """A PNG of 60,000 x 60,000 pixels that are not there."""
    header = struct.pack('>IIBBBBB', 60_000, 60_000, 1, 0, 0, 0, 0)
    chunks = [
        (b'IHDR', header),
        (b'IDAT', zlib.compress(bytes(10_000))),
        (b'IEND', b''),
    ]
    return b'\x89PNG\r\n\x1a\n' + b''.join(
        struct.pack('>I', len(content))
        + kind
        + content
        + struct.pack('>I', zlib.crc32(kind + content))
        for kind, content in chunks
    )
